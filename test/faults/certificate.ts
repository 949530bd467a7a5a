import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A CA and a server's certificate for `localhost`. */
export function certificate(folder: string): { ca: string; cert: string; key: string } {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...key,
    "-days",
    "1",
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-subj",
    "/CN=faults CA",
  );
  openssl("req", "-new", ...key, "-keyout", "gate.key", "-out", "gate.csr", "-subj", "/CN=localhost");
  writeFileSync(join(folder, "san"), "subjectAltName=DNS:localhost");
  openssl(
    ...["x509", "-req", "-in", "gate.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
    ...["-out", "gate.pem", "-days", "1", "-extfile", "san"],
  );
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { ca: read("ca.pem"), cert: read("gate.pem"), key: read("gate.key") };
}
