import { chmodSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OperatorCredentials } from "../testing/index.ts";

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
  operator: OperatorCredentials,
  listeners: Readonly<Record<string, string | boolean>>,
): OperatorFiles {
  if (!/^[\w-]+$/.test(operator.operatorId)) {
    throw new Error(
      `an operator's id names a file and a table: letters, digits, - and _, not ${JSON.stringify(operator.operatorId)}`,
    );
  }
  const configPath = join(dir, ".latchgate", "latchgate.toml");
  const privateKeyPath = join(dir, ".latchgate", "operators", `${operator.operatorId}.pem`);
  if (existsSync(configPath)) {
    if (!readFileSync(configPath, "utf8").startsWith(MARK))
      throw new Error(`${configPath} is the config of another gate; it is left alone: take another --dir`);
  } else if (existsSync(privateKeyPath)) {
    throw new Error(`${privateKeyPath} is the key of another gate; it is left alone: take another --dir`);
  }
  mkdirSync(dirname(privateKeyPath), { recursive: true, mode: 0o700 });
  writePrivate(privateKeyPath, operator.privateKey);
  writePrivate(
    configPath,
    [
      MARK,
      ...Object.entries(listeners).map(([name, value]) => `${name} = ${JSON.stringify(value)}`),
      "",
      `[operator_credentials.${operator.operatorId}]`,
      `api_key = ${JSON.stringify(operator.apiKey)}`,
      `dpop_jkt = ${JSON.stringify(operator.dpopJkt)}`,
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
