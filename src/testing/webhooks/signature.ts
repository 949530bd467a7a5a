import { createHmac } from "node:crypto";

/** What the gate signs: the header's timestamp, a dot, the body's bytes; the key is the whole secret, as UTF-8. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  const mac = createHmac("sha256", Buffer.from(secret, "utf8")).update(`${timestamp}.${body}`, "utf8");
  return `sha256=${mac.digest("hex")}`;
}
