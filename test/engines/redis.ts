import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/** A Redis server of its own, on a Unix socket, that keeps what it has said that it has. */
export interface RedisServer extends AsyncDisposable {
  readonly socket: string;
}

export async function startRedis(dir: string): Promise<RedisServer> {
  if (spawnSync("redis-server", ["--version"]).status !== 0)
    throw new Error("there is no redis-server: apt-get install redis-server");
  const folder = join(dir, "redis");
  mkdirSync(folder);
  const socket = join(folder, "redis.sock");
  const server = spawn(
    "redis-server",
    [
      ...["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", ""],
      ...["--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"],
    ],
    { stdio: "ignore" },
  );
  return {
    socket,
    async [Symbol.asyncDispose]() {
      const gone = once(server, "exit");
      server.kill();
      await gone;
    },
  };
}
