import { expect, test } from "vitest";
import { MockGate } from "../../src/testing/index.ts";
import { ask, BASE, createAgent, type Request as Sent } from "./by-hand.ts";

const read = { operation: "read", path: "docs/notes.md" };

test("fetch takes a string, a URL or a Request, can be passed around, and gives a real Response", async () => {
  const { fetch, ...gate } = new MockGate();
  const agent = await createAgent(({ url, ...init }: Sent) => fetch(url, init));
  expect(agent.lease.status).toBe(200);
  const { url, ...init } = agent.executeRequest("fs_read", read);
  const response = await fetch(new Request(url, init));
  expect(response).toBeInstanceOf(Response);
  expect([response.ok, response.url]).toEqual([true, url]);
  expect(((await response.json()) as { decision: string }).decision).toBe("executed");
  expect((await fetch(new URL("/healthz", BASE))).status).toBe(200);
  expect(gate.publicBaseUrl).toBe(BASE);
});

test("bodies of every kind that fetch knows arrive", async () => {
  const gate = new MockGate({ rateLimits: false });
  const agent = await createAgent(gate.send);
  const text = JSON.stringify(read);
  const bytes = new TextEncoder().encode(text);
  const bodies: [string, () => NonNullable<RequestInit["body"]>][] = [
    ["string", () => text],
    ["bytes", () => bytes],
    ["buffer", () => bytes.buffer as ArrayBuffer],
    ["blob", () => new Blob([text])],
    ["stream", () => new Blob([text]).stream()],
  ];
  for (const [kind, body] of bodies) {
    const { url, method, headers } = agent.executeRequest("fs_read", read);
    const init = { method, headers, body: body(), duplex: "half" } as RequestInit;
    expect([kind, (await gate.fetch(url, init)).status]).toEqual([kind, 200]);
  }
});

test("a lease without a content type is refused, as fetch's own text/plain is", async () => {
  const gate = new MockGate();
  const response = await gate.fetch(`${BASE}/v1/leases`, { method: "POST", body: "{}" });
  expect([response.status, response.headers.get("content-type")]).toEqual([415, "text/plain; charset=utf-8"]);
});

test("an abort ends the fetch with its reason, before and while the gate works", async () => {
  let started = () => {};
  const running = new Promise<void>((resolve) => {
    started = resolve;
  });
  const run = () => {
    started();
    return new Promise(() => {});
  };
  const gate = new MockGate({ actions: { slow: { run } } });
  const agent = await createAgent(gate.send);
  const { url, ...init } = agent.executeRequest("slow", {});
  const reason = new Error("changed my mind");
  await expect(gate.fetch(url, { ...init, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(gate.effects).toEqual([]);

  const stop = new AbortController();
  const pending = gate.fetch(url, { ...init, signal: stop.signal });
  await running;
  stop.abort();
  await expect(pending).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  expect(gate.effects).toMatchObject([{ ending: "dropped" }]);
  expect(gate.auditEvents).toHaveLength(1);
});

test("answers carry the gate's date, and no body where the gate sends none", async () => {
  const gate = new MockGate({ now: () => 1_795_000_000_000 });
  const missing = await gate.fetch(`${BASE}/v1/actions/none`);
  expect(missing.body).toBe(null);
  expect(Object.fromEntries(missing.headers)).toEqual({
    "content-length": "0",
    date: "Wed, 18 Nov 2026 11:06:40 GMT",
  });
});

test("a cut answer breaks while its body is read", async () => {
  const gate = new MockGate();
  gate.fault("getHealth", { kind: "truncate", bytes: 3 });
  const response = await gate.fetch(`${BASE}/healthz`);
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow("terminated");
});

test("bytes that are no UTF-8 are no JSON", async () => {
  const gate = new MockGate();
  const agent = await createAgent(gate.send);
  const request = agent.request("POST", "/v1/actions/fs_read/execute", "");
  const body = Buffer.from([0x22, 0xff, 0x22]);
  expect((await ask((sent) => gate.send({ ...sent, body }), request)).json).toEqual({
    error: "schema_violation",
  });
});

test("a client that repeats for ever does not keep timers waiting", async () => {
  const gate = new MockGate();
  gate.fault({ operation: "getHealth", times: Number.POSITIVE_INFINITY }, { kind: "refuse" });
  let rang = false;
  setTimeout(() => {
    rang = true;
  }, 1);
  let asked = 0;
  for (; !rang && asked < 1_000_000; asked += 1)
    await gate.send({ url: "/healthz", method: "GET" }).catch(() => {});
  expect(asked).toBeLessThan(1_000_000);
});
