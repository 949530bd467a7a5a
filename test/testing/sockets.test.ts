import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type GateServer, MockGate, type RequestReport } from "../../src/testing/index.ts";
import { createAgent, type Door, type Request } from "./by-hand.ts";

const read = { operation: "read", path: "docs/notes.md" };
const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

async function onSocket(options: ConstructorParameters<typeof MockGate>[0] = {}) {
  const directory = mkdtempSync(join(tmpdir(), "gate-"));
  cleanup.push(() => rmSync(directory, { recursive: true }));
  const gate = new MockGate(options);
  const server = await gate.listen({ socket: join(directory, "run", "gate.sock") });
  cleanup.push(() => server.close());
  return { gate, server, door: doorTo(server) };
}

type SocketDoor = (sent: Request) => Promise<Awaited<ReturnType<Door>> & { raw: IncomingHttpHeaders }>;

/** A bare node:http client. */
function doorTo(server: Pick<GateServer, "socket" | "port">): SocketDoor {
  return ({ url, method, headers, body }) =>
    new Promise((resolve, reject) => {
      const target =
        server.socket === "" ? { port: server.port, host: "127.0.0.1" } : { socketPath: server.socket };
      const path = url.replace(/^http:\/\/[^/]*/, "");
      const sent = request({ ...target, path, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            text: async () => Buffer.concat(chunks).toString(),
            headers: { get: (name) => (response.headers[name] as string | undefined) ?? null },
            raw: response.headers,
          }),
        );
      });
      sent.on("error", reject);
      sent.end(body);
    });
}

test("a bare client does lease, execute, hold, poll and receipt over a Unix socket of mode 0600", async () => {
  const { gate, server, door } = await onSocket();
  expect(statSync(server.socket).mode & 0o777).toBe(0o600);
  const agent = await createAgent(door);
  const done = await agent.execute("fs_read", read);
  expect(done.status).toBe(200);
  expect((await agent.receipt(done.json.receipt_id)).json.signature_status).toBe("valid");
  const held = await agent.execute("http_fetch", { url: "http://example.org/" });
  expect((await agent.poll(held.json.approval_id)).json.status).toBe("pending");
  await gate.approve(held.json.approval_id);
  expect((await agent.poll(held.json.approval_id)).json.status).toBe("approved");
  expect(gate.received.every(({ transport }) => transport === "uds")).toBe(true);
  await server.close();
  expect(existsSync(server.socket)).toBe(false);
});

test("a directory gets both sockets, as a gate lays them, and loses them at the end", async () => {
  const directory = mkdtempSync(join(tmpdir(), "gate-"));
  cleanup.push(() => rmSync(directory, { recursive: true }));
  const dir = join(directory, "run", "latchgate");
  const gate = new MockGate();
  const server = await gate.listen({ dir, port: 0, adminPort: 0 });
  const mode = (path: string) => statSync(path).mode & 0o777;
  expect([dir, server.socket, server.adminSocket].map(mode)).toEqual([0o700, 0o600, 0o600]);
  expect([server.socket, server.adminSocket]).toEqual([join(dir, "gate.sock"), join(dir, "gate-admin.sock")]);
  expect(server.adminUrl).toBe(`http://127.0.0.1:${server.adminPort}`);
  expect(server.adminPort).not.toBe(server.port);
  const admin = { ...server, socket: server.adminSocket };
  for (const door of [doorTo(server), doorTo(admin), doorTo({ ...server, socket: "" })])
    expect((await door({ url: "/healthz", method: "GET", headers: {} })).status).toBe(200);
  const seen = gate.received.map(({ transport }) => transport);
  expect(seen).toEqual(["uds", "uds", "tcp"]);
  await server.close();
  expect(readdirSync(dir)).toEqual([]);
});

test("a file that is no socket is left alone, and a place that can't be is said", async () => {
  const directory = mkdtempSync(join(tmpdir(), "gate-"));
  cleanup.push(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "gate-admin.sock"), "mine");
  const gate = new MockGate();
  await expect(gate.listen({ dir: directory })).rejects.toThrow("is there and is no socket");
  expect(readdirSync(directory)).toEqual(["gate-admin.sock"]);
  await expect(gate.listen({ dir: join(directory, "x".repeat(100)) })).rejects.toThrow("at most 107 bytes");
  await expect(gate.listen({})).rejects.toThrow("needs a place");
  await expect(gate.listen({ port: 4321, adminPort: 4321 })).rejects.toThrow("never share a port");
});

test("every request that is over is reported, with its answer or without one, and nothing secret", async () => {
  const directory = mkdtempSync(join(tmpdir(), "gate-"));
  cleanup.push(() => rmSync(directory, { recursive: true }));
  const reports: RequestReport[] = [];
  const gate = new MockGate();
  const server = await gate.listen({ dir: directory, onRequest: (report) => reports.push(report) });
  cleanup.push(() => server.close());
  const door = doorTo(server);
  await door({ url: "/healthz?secret=1", method: "GET", headers: {} });
  await door({ url: "/v1/receipts/x", method: "GET", headers: {} });
  gate.fault("getHealth", { kind: "reset", when: "answered" });
  await expect(door({ url: "/healthz", method: "GET", headers: {} })).rejects.toThrow();
  expect(reports.map(({ ms, ...report }) => [typeof ms, report])).toEqual([
    ["number", { face: "client", method: "GET", path: "/healthz", status: 200, code: undefined }],
    [
      "number",
      { face: "client", method: "GET", path: "/v1/receipts/x", status: 401, code: "missing_auth_header" },
    ],
    ["number", { face: "client", method: "GET", path: "/healthz", status: undefined, code: undefined }],
  ]);
});

test("the headers are the gate's: a date, a length, and nothing about keeping the connection", async () => {
  const { door } = await onSocket({ now: () => 1_795_000_000_000 });
  const { raw } = await door({ url: "/healthz", method: "GET", headers: { connection: "keep-alive" } });
  expect(raw).toEqual({
    "content-type": "application/json",
    "content-length": "15",
    date: "Wed, 18 Nov 2026 11:06:40 GMT",
  });
  const closing = await door({ url: "/healthz", method: "GET", headers: { connection: "close" } });
  expect(closing.raw.connection).toBe("close");
  const head = await door({ url: "/healthz", method: "HEAD", headers: {} });
  expect([await head.text(), head.raw["content-length"]]).toEqual(["", "15"]);
});

test("a body above 1 MiB is 413 before anything is looked at, on the routes that read one", async () => {
  const { door } = await onSocket();
  const body = "x".repeat(1_048_577);
  const large = await door({ url: "/v1/actions/fs_read/execute", method: "POST", headers: {}, body });
  expect([large.status, await large.text()]).toEqual([
    413,
    "Failed to buffer the request body: length limit exceeded",
  ]);
  const typed = { "content-type": "application/json" };
  expect((await door({ url: "/v1/leases", method: "POST", headers: typed, body })).status).toBe(413);
  expect((await door({ url: "/v1/leases", method: "POST", headers: {}, body })).status).toBe(415);
});

test("too many headers are 431, too long a URI is 414, a head of 100 kB is none of these", async () => {
  const { server, door } = await onSocket();
  const health: Request = { url: "/healthz", method: "GET", headers: {} };
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, "1"]));
  expect((await door({ ...health, headers: many })).status).toBe(431);
  expect((await door({ ...health, url: `/healthz?${"x".repeat(65_534)}` })).status).toBe(414);
  expect((await door({ ...health, headers: { "x-long": "x".repeat(100_000) } })).status).toBe(200);
  const malformed = await new Promise<string>((resolve) => {
    const socket = connect(server.socket, () => socket.write("not http\r\n\r\n"));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
  });
  expect(malformed).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n(?:.*\r\n)*\r\n$/);
});

test("over TCP a gate that knows callers by their socket gives no lease, and honours one from elsewhere", async () => {
  const gate = new MockGate({ identity: "peercred", principal: "agent:test" });
  const server = await gate.listen({ port: 0 });
  cleanup.push(() => server.close());
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  const refused = await createAgent(doorTo(server));
  expect([refused.lease.status, refused.lease.json]).toEqual([401, { error: "identity_unauthenticated" }]);
  const agent = await createAgent(gate.send);
  const response = await doorTo(server)(agent.executeRequest("fs_read", read));
  expect(response.status).toBe(200);
});

test("a client that goes away while the action runs leaves an effect and a charge, no event and no receipt", async () => {
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const run = (_: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve) => {
      started();
      signal.addEventListener("abort", () => resolve({ ok: true }));
    });
  const { gate, server } = await onSocket({ actions: { slow: { run } } });
  const agent = await createAgent(gate.send, { budgets: { max_calls: 2 } });
  const { headers } = agent.executeRequest("slow", {});
  const sent = request({
    socketPath: server.socket,
    path: "/v1/actions/slow/execute",
    method: "POST",
    headers,
  });
  sent.on("error", () => {});
  sent.end("{}");
  await running;
  sent.destroy();
  while (gate.effects[0]?.ending === "running") await new Promise((resolve) => setTimeout(resolve, 1));
  expect(gate.effects).toMatchObject([{ actionId: "slow", ending: "dropped" }]);
  expect(gate.callsLeft(agent.sessionId)).toBe(1);
  expect(gate.auditEvents.map(({ event_type }) => event_type)).toEqual(["lease_issued"]);
  expect(gate.received.at(-1)?.status).toBeUndefined();
});

test("a lost or cut answer is a broken connection, and a hanging one ends with the server", async () => {
  const { gate, server, door } = await onSocket();
  const health: Request = { url: "/healthz", method: "GET", headers: {} };
  const kinds = [
    { kind: "refuse" },
    { kind: "reset", when: "unread" },
    { kind: "reset", when: "answered" },
    { kind: "truncate" },
  ] as const;
  for (const fault of kinds) {
    gate.fault("getHealth", fault);
    await expect(door(health)).rejects.toThrow(/socket hang up|aborted|ECONNRESET/);
  }
  gate.fault("getHealth", { kind: "hang", when: "unread" });
  const hanging = expect(door(health)).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const began = performance.now();
  await server.close();
  await hanging;
  expect(performance.now() - began).toBeLessThan(500);
});

test("closing cuts a connection that is kept alive, a restart does too and goes on listening", async () => {
  const { gate, server, door } = await onSocket();
  const closed = () =>
    new Promise<() => Promise<void>>((resolve) => {
      const socket = connect(server.socket, () => resolve(() => gone));
      socket.on("error", () => {});
      const gone = new Promise<void>((done) => socket.on("close", () => done()));
      socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    });
  const first = await closed();
  gate.restart();
  await first();
  expect((await door({ url: "/healthz", method: "GET", headers: {} })).status).toBe(200);
  const second = await closed();
  await server.close();
  await second();
});

test("a stale socket file is replaced, a second gate on a used port is an error", async () => {
  const { server } = await onSocket();
  const other = new MockGate();
  const again = await other.listen({ socket: server.socket });
  await again.close();
  const tcp = await other.listen({ port: 0 });
  cleanup.push(() => tcp.close());
  await expect(other.listen({ port: tcp.port })).rejects.toThrow("EADDRINUSE");
});

test("bytes that are no request are refused after the request before them is answered", async () => {
  const { server } = await onSocket();
  const client = connect(server.socket);
  cleanup.push(() => client.destroy());
  client.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n{no request}\r\n\r\n");
  let heard = "";
  for await (const chunk of client) heard += chunk;
  expect(heard.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
});
