import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../src/cli/dispatch.ts";
import { temporaryFolder } from "../../support/bare.ts";
import { createOperator, type Door } from "../by-hand.ts";

interface Found {
  readonly adminUrl: string;
  readonly apiKey: string;
  readonly privateKeyPath: string;
  readonly publicBaseUrl: string;
}

/** The command in this process: what it prints first, and a way to stop it. */
function mock(folder: string, config: object) {
  writeFileSync(join(folder, "gate.json"), JSON.stringify(config));
  const stop = new AbortController();
  const err: string[] = [];
  let first = (_line: string) => {};
  const printed = new Promise<string>((resolve) => {
    first = resolve;
  });
  const code = run(
    ["mock", "--json", "--quiet", "--dir", folder, "--admin-port", "0", "--config", "gate.json"],
    {
      out: (line) => first(line),
      err: (line) => void err.push(line),
      cwd: folder,
      env: {},
      signal: stop.signal,
    },
  );
  return {
    found: async () => JSON.parse(await printed) as Found,
    err,
    code,
    async end() {
      stop.abort();
      await code;
    },
  };
}

test("the mock of the command sends webhooks of its config to a real address", async () => {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    request.on("data", (chunk: Buffer) => bodies.push(chunk.toString()));
    request.on("end", () => response.writeHead(204).end());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const webhook = { name: "a", url: `http://127.0.0.1:${port}/`, secret: "s", events: ["revocation"] };
  const command = mock(temporaryFolder(), { webhooks: [webhook], webhookSettings: { reach: "any" } });
  try {
    const { adminUrl, apiKey, privateKeyPath } = await command.found();
    const door: Door = ({ url, ...rest }) => fetch(url.replace(/^http:\/\/[^/]*/, adminUrl), rest);
    const operator = createOperator(door, { apiKey, privateKey: readFileSync(privateKeyPath, "utf8") });
    expect((await operator.ask("POST", "/v1/admin/revoke-all")).status).toBe(200);
    await expect.poll(() => bodies.length).toBe(1);
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({ type: "revocation", data: { new_epoch: 1 } });
  } finally {
    await command.end();
    server.closeAllConnections();
    server.close();
  }
});

test("a config with which a gate does not start ends the command with the gate's reason", async () => {
  for (const [webhook, said] of [
    [
      { name: "a", url: "http://hooks.example/", secret: "s", events: ["revocation"] },
      "HTTP is only allowed for localhost",
    ],
    [{ name: "a", url: "https://hooks.example/", secret: "s", events: ["*"] }, "unknown variant `*`"],
    [
      { name: "a", url: "https://hooks.example/", secret: "s", max_retries: 1 },
      "max_retries is called maxRetries",
    ],
    [{ name: "a", url: "https://hooks.example/", secret: "s", fetch: "f" }, "fetch is a function"],
  ] as const) {
    const command = mock(temporaryFolder(), { webhooks: [webhook] });
    expect([await command.code, command.err.join("\n")]).toEqual([1, expect.stringContaining(said)]);
  }
});
