import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  cert: string;
  key: string;
}

/** What an admin listener with client certificates needs, a client's certificate that is good, and three that are not. */
export function clientCertificates() {
  const folder = mkdtempSync(join(tmpdir(), "lg-certificates-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

  for (const ca of ["ca", "other-ca"]) {
    openssl(
      ...["req", "-x509", ...newKey, "-keyout", `${ca}.key`, "-out", `${ca}.pem`],
      ...["-days", "1", "-subj", `/CN=${ca}`],
    );
  }
  function signed(name: string, extension: string, { ca = "ca", days = "1" } = {}): Certificate {
    openssl(
      "req",
      "-new",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.csr`,
      "-subj",
      `/CN=${name}`,
    );
    writeFileSync(join(folder, `${name}.extension`), extension);
    openssl(
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial"],
      ...["-out", `${name}.pem`, "-days", days, "-extfile", `${name}.extension`],
    );
    return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
  }
  const made = {
    ca: read("ca.pem"),
    gate: signed("gate", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
    good: signed("good", "extendedKeyUsage=clientAuth"),
    otherCa: signed("stranger", "extendedKeyUsage=clientAuth", { ca: "other-ca" }),
    expired: signed("expired", "extendedKeyUsage=clientAuth", { days: "-1" }),
    serverOnly: signed("server-only", "extendedKeyUsage=serverAuth"),
  };
  rmSync(folder, { recursive: true });
  return made;
}
