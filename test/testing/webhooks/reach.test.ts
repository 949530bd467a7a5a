import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type MockGateOptions, MockGateStartError } from "../../../src/testing/index.ts";
import { ALL, scene } from "./scene.ts";

async function outcomeAt(url: string, options: MockGateOptions = {}) {
  const { happen, pass, gate, heard } = await scene({ url }, options);
  await happen();
  await pass(60_000);
  return {
    outcomes: gate.deliveries.map(({ outcome }) => outcome),
    error: gate.deliveries[0]?.error,
    heard: heard.length,
  };
}

test.each([
  ["https://hooks.example:8443/", "SSRF blocked: port 8443 is not allowed (permitted: [443, 80])"],
  ["http://localhost:9000/", "SSRF blocked: port 9000 is not allowed (permitted: [443, 80])"],
  ["https://192.168.1.1/", /SSRF blocked: .* private\/reserved address 192\.168\.1\.1/],
  ["https://127.0.0.2/", /SSRF blocked/],
  ["https://100.64.0.1/", /SSRF blocked/],
  ["https://[fd00::1]/", /SSRF blocked/],
  ["https://inside.example/", /SSRF blocked: .* 10\.0\.0\.5/],
])("%s starts, and nothing is ever sent there", async (url, error) => {
  const found = await outcomeAt(url, { webhookSettings: { hosts: { "inside.example": "10.0.0.5" } } });
  expect(found).toEqual({
    outcomes: ["unreachable"],
    error: typeof error === "string" ? error : expect.stringMatching(error),
    heard: 0,
  });
});

test.each([
  "https://hooks.example:80/",
  "http://localhost/",
  "https://127.0.0.1/",
  "http://[::1]/",
  "https://198.18.0.10/",
])("%s is reached at a relaxed gate", async (url) => {
  expect(await outcomeAt(url)).toMatchObject({ outcomes: ["delivered"], heard: 1 });
});

test("at a strict gate this host is no receiver either", async () => {
  expect(await outcomeAt("https://localhost/", { devMode: false })).toMatchObject({
    outcomes: ["unreachable"],
    heard: 0,
  });
});

test("a name that is not found is final", async () => {
  const found = await outcomeAt("https://nowhere.example/", {
    webhookSettings: { hosts: { "nowhere.example": [] } },
  });
  expect(found).toMatchObject({
    outcomes: ["unreachable"],
    error: "DNS resolution failed for 'nowhere.example'",
  });
});

test("over the network an attempt has exactly the gate's headers, retries share its connection, and redirects are not followed", async () => {
  const requests: {
    rawHeaders: string[];
    body: string;
    url: string | undefined;
    port: number | undefined;
  }[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { rawHeaders, url, socket } = request;
      requests.push({ rawHeaders, url, body: Buffer.concat(chunks).toString(), port: socket.remotePort });
      response.writeHead(requests.length === 1 ? 307 : 200, { location: "/elsewhere" }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const webhook = {
    ...{ name: "real", url: `http://localhost:${port}/hook?a=1#part`, secret: "s", events: ALL },
    headers: { "Content-Type": "text/plain", "X-Mine": "é" },
  };
  try {
    const { happen, pass, gate } = await scene(
      {},
      { webhooks: [webhook], webhookSettings: { reach: "any", hosts: { localhost: "127.0.0.1" } } },
    );
    await happen();
    await pass(1000);
    expect(gate.deliveries.map(({ outcome, status }) => [outcome, status])).toEqual([
      ["retried", 307],
      ["delivered", 200],
    ]);
    expect(requests.map(({ url }) => url)).toEqual(["/hook?a=1", "/hook?a=1"]);
    expect(new Set(requests.map(({ port }) => port)).size).toBe(1);
    for (const [index, { rawHeaders, body }] of requests.entries()) {
      expect(rawHeaders).toEqual(gate.deliveries[index]?.headers.flat());
      expect(body).toBe(gate.deliveries[index]?.body);
    }
    expect(requests[0]?.rawHeaders.filter((_, index) => index % 2 === 0)).toEqual([
      "content-type",
      "content-type",
      "x-latchgate-signature",
      "x-latchgate-timestamp",
      "user-agent",
      "x-mine",
      "accept",
      "host",
      "content-length",
    ]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("over the network a receiver that is not there is asked again", async () => {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const webhook = { name: "gone", url: `http://127.0.0.1:${port}/`, secret: "s", events: ALL, maxRetries: 1 };
  const { happen, pass, outcomes } = await scene(
    {},
    { webhooks: [webhook], webhookSettings: { reach: "any" } },
  );
  await happen();
  await pass(1000);
  expect(outcomes()).toEqual(["1 retried", "2 failed"]);
});

test("what a gate ignores is ignored, but not its own spelling of an option, and no error holds a secret", async () => {
  await scene({ enabled: false, retries: 5 } as object);
  await expect(scene({ max_retries: 5 } as object)).rejects.toThrow("max_retries is called maxRetries here");
  for (const wrong of [{ secret: 12345678 }, { headers: { A: 12345678 } }, { headers: ["12345678"] }]) {
    const error = await scene(wrong as object).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(MockGateStartError);
    expect(String(error)).not.toContain("12345678");
  }
});

test("a name that is empty, events that are none, and a number that no gate can hold stop a start", async () => {
  const detail = async (wrong: object) =>
    scene(wrong).then(
      () => "started",
      (error: unknown) => (error as MockGateStartError).detail,
    );
  expect(await detail({ name: "" })).toBe(
    "webhook config validation failed: webhook '(unnamed)': missing required field 'name'",
  );
  expect(await detail({ events: [] })).toBe(
    "webhook config validation failed: webhook 'inbox': missing required field 'events'",
  );
  expect(await detail({ maxRetries: 2 ** 32 })).toContain(
    "invalid value: integer `4294967296`, expected u32",
  );
  expect(await detail({ disable: "yes" })).toContain('invalid type: string "yes", expected a boolean');
});

test("mode async needs its posture flag where there are endpoints, and delivers as outbox does", async () => {
  await expect(scene({}, { webhookSettings: { mode: "async" } })).rejects.toThrow(
    "async mode drops events under load",
  );
  const { happen, outcomes } = await scene({}, { webhookSettings: { mode: "async", insecure: true } });
  await happen();
  expect(outcomes()).toEqual(["1 delivered"]);
});
