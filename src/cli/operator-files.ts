import { createHash, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const MARK = "# Written by `latchgate-client mock`, which replaces and removes it.";

/** The files by which other clients find a gate and its operator's key. */
export interface OperatorFiles {
  readonly configPath: string;
  readonly privateKeyPath: string;
  /** Removes them, and the directories that are empty then. */
  remove(): void;
}

/**
 * Writes `.latchgate/latchgate.toml` and `.latchgate/operators/<id>.pem` (PKCS#8) below a directory, both mode 0600.
 * A config that this command has not written is a real gate's, and is left alone.
 */
export function writeOperatorFiles(
  dir: string,
  operator: { readonly id: string; readonly apiKey: string; readonly privateKey: KeyObject },
  listeners: Readonly<Record<string, string | boolean>>,
): OperatorFiles {
  const configPath = join(dir, ".latchgate", "latchgate.toml");
  const privateKeyPath = join(dir, ".latchgate", "operators", `${operator.id}.pem`);
  if (existsSync(configPath)) {
    if (!readFileSync(configPath, "utf8").startsWith(MARK))
      throw new Error(`${configPath} is the config of another gate; it is left alone: take another --dir`);
  } else if (existsSync(privateKeyPath)) {
    throw new Error(`${privateKeyPath} is the key of another gate; it is left alone: take another --dir`);
  }
  mkdirSync(dirname(privateKeyPath), { recursive: true, mode: 0o700 });
  writePrivate(privateKeyPath, operator.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  writePrivate(
    configPath,
    [
      MARK,
      ...Object.entries(listeners).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
      "",
      `[operator_credentials.${operator.id}]`,
      `api_key = ${JSON.stringify(operator.apiKey)}`,
      `dpop_jkt = ${JSON.stringify(thumbprintOf(operator.privateKey))}`,
      "",
    ].join("\n"),
  );
  return {
    configPath,
    privateKeyPath,
    remove() {
      rmSync(configPath, { force: true });
      rmSync(privateKeyPath, { force: true });
      for (const made of [dirname(privateKeyPath), dirname(configPath)]) {
        try {
          rmdirSync(made);
        } catch {
          return; // Somebody else's file is in there.
        }
      }
    },
  };
}

function writePrivate(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  // The mode above is for a new file only.
  chmodSync(path, 0o600);
}

/** RFC 7638, of the public half of a P-256 key. */
function thumbprintOf(privateKey: KeyObject): string {
  const { crv, kty, x, y } = privateKey.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}
