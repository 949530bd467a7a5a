import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./bare.ts";

/** A CA of one's own, and a server's certificate for `localhost` that it has signed. */
export function certificates(): { ca: string; cert: string; key: string } {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "1",
    "-subj",
    "/CN=test CA",
  );
  openssl("req", "-new", ...newKey, "-keyout", "gate.key", "-out", "gate.csr", "-subj", "/CN=localhost");
  writeFileSync(file("san"), "subjectAltName=DNS:localhost");
  openssl(
    ...["x509", "-req", "-in", "gate.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-out", "gate.pem", "-days", "1", "-extfile", "san"],
  );
  const read = (name: string) => readFileSync(file(name), "utf8");
  return { ca: read("ca.pem"), cert: read("gate.pem"), key: read("gate.key") };
}
