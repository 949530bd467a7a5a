import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { scene } from "./scene.ts";

test("a delivery is signed over its second and its bytes with the whole secret, and carries the gate's headers in their order", async () => {
  const { happen, gate } = await scene({ secret: "whsec_MfKQ9r8G é ", headers: { "X-Mine": "é" } });
  await happen();
  const [{ headers = [], body = "" } = {}] = gate.deliveries;
  const mac = createHmac("sha256", "whsec_MfKQ9r8G é ").update(`1795856400.${body}`).digest("hex");
  expect(headers).toEqual([
    ["content-type", "application/json"],
    ["x-latchgate-signature", `sha256=${mac}`],
    ["x-latchgate-timestamp", "1795856400"],
    ["user-agent", "LatchGate-Webhooks/0.1"],
    ["x-mine", "\u00c3\u00a9"],
    ["accept", "*/*"],
    ["host", "hooks.example"],
    ["content-length", String(Buffer.byteLength(body))],
  ]);
  expect(body).toBe(JSON.stringify(JSON.parse(body)));
  expect(body).toMatch(
    /^\{"data":\{"action_id":.*\},"gate_version":.*,"id":.*,"timestamp":.*,"type":"[a-z.]+"\}$/,
  );
});

test("configured headers stand beside the gate's own, user info comes first of all, the fragment stays at home", async () => {
  const { happen, gate, heard } = await scene({
    url: "https://user:pa%20ss@hooks.example/inbox?a=%20b#part",
    headers: { "User-Agent": "mine", "X-LatchGate-Signature": "sha256=00" },
  });
  await happen();
  const [{ headers = [], url } = {}] = gate.deliveries;
  expect(headers.map(([name]) => name).slice(0, 7)).toEqual([
    "authorization",
    "content-type",
    "x-latchgate-signature",
    "x-latchgate-signature",
    "x-latchgate-timestamp",
    "user-agent",
    "user-agent",
  ]);
  expect(headers[0]?.[1]).toBe(`Basic ${Buffer.from("user:pa ss").toString("base64")}`);
  expect(headers[3]?.[1]).toBe("sha256=00");
  expect([url, heard[0]?.url]).toEqual(Array(2).fill("https://hooks.example/inbox?a=%20b"));
});

test("retries come 1, 5 and 30 s after each failure: the same bytes and id, signed anew", async () => {
  const { happen, gate, pass, outcomes } = await scene({}, { replies: [500, 502, 599, 503] });
  await happen();
  for (const [ms, attempts] of [
    [999, 1],
    [1, 2],
    [4999, 2],
    [1, 3],
    [29_999, 3],
    [1, 4],
    [600_000, 4],
  ] as const) {
    await pass(ms);
    expect(gate.deliveries).toHaveLength(attempts);
  }
  expect(outcomes()).toEqual(["1 retried", "2 retried", "3 retried", "4 failed"]);
  expect(new Set(gate.deliveries.map(({ body }) => body)).size).toBe(1);
  expect(new Set(gate.deliveries.map(({ headers }) => headers[1]?.[1])).size).toBe(4);
  expect(gate.deliveries.map(({ headers }) => Number(headers[2]?.[1]) - 1_795_856_400)).toEqual([
    0, 1, 6, 36,
  ]);
});

test("one long step of the clock makes every retry due that it passes", async () => {
  const { happen, pass, outcomes } = await scene({}, { replies: [500, 500, 500] });
  await happen();
  await pass(36_000);
  expect(outcomes()).toEqual(["1 retried", "2 retried", "3 retried", "4 delivered"]);
});

test("the last backoff stands for all that follow, and 30 s where there is none", async () => {
  const short = await scene({ maxRetries: 3, retryBackoffSeconds: [0, 2] }, { replies: [500, 500, 500] });
  await short.happen();
  expect(short.outcomes()).toEqual(["1 retried", "2 retried"]);
  await short.pass(2000);
  await short.pass(2000);
  expect(short.outcomes()).toEqual(["1 retried", "2 retried", "3 retried", "4 delivered"]);
  const none = await scene({ retryBackoffSeconds: [] }, { replies: [500] });
  await none.happen();
  await none.pass(29_999);
  expect(none.gate.deliveries).toHaveLength(1);
  await none.pass(1);
  expect(none.gate.deliveries).toHaveLength(2);
});

test("retries within one second of the first attempt are equal to it, headers and all", async () => {
  const { happen, gate } = await scene({ retryBackoffSeconds: [0] }, { replies: [500] });
  await happen();
  expect(gate.deliveries[1]?.headers).toEqual(gate.deliveries[0]?.headers);
});

test.each([200, 202, 204, 299])("%d is success", async (status) => {
  const { happen, gate, pass, outcomes } = await scene({}, { replies: [status] });
  await happen();
  await pass(60_000);
  expect([outcomes(), gate.deliveries[0]?.status]).toEqual([["1 delivered"], status]);
});

test.each([400, 401, 404, 408, 410, 413, 422, 425, 429, 499])("%d is final", async (status) => {
  const { happen, pass, outcomes } = await scene({}, { replies: [status] });
  await happen();
  await pass(60_000);
  expect(outcomes()).toEqual(["1 refused"]);
});

test.each([301, 302, 303, 304, 307, 308, 500, 503])("%d is tried again, and not followed", async (status) => {
  const { happen, heard, pass, outcomes } = await scene({}, { replies: [status] });
  await happen();
  await pass(1000);
  expect(outcomes()).toEqual(["1 retried", "2 delivered"]);
  expect(heard.map(({ url }) => url)).toEqual(Array(2).fill("https://hooks.example/inbox"));
});

test("without retries a failure is the end", async () => {
  const { happen, pass, outcomes } = await scene({ maxRetries: 0 }, { replies: [500] });
  await happen();
  await pass(600_000);
  expect(outcomes()).toEqual(["1 failed"]);
});

test("a receiver that is not there, or breaks the connection, is asked again; one whose name is not found is not", async () => {
  const refused = new TypeError("fetch failed", {
    cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }),
  });
  const again = await scene({}, { replies: [refused] });
  await again.happen();
  await again.pass(1000);
  expect(again.outcomes()).toEqual(["1 retried", "2 delivered"]);
  const unfound = new TypeError("fetch failed", {
    cause: Object.assign(new Error("unfound"), { code: "ENOTFOUND" }),
  });
  const never = await scene({}, { replies: [unfound] });
  await never.happen();
  await never.pass(60_000);
  expect(never.outcomes()).toEqual(["1 unreachable"]);
});

test("an attempt that is not answered in time is given up, and comes again: the receiver has it twice", async () => {
  const { agent, gate, heard, outcomes } = await scene({ timeoutSeconds: 2 }, { replies: ["never"] });
  await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  await expect.poll(() => heard.length).toBe(1);
  gate.advance(1999);
  expect(outcomes()).toEqual(["1 sending"]);
  gate.advance(1);
  await expect.poll(outcomes).toEqual(["1 retried"]);
  gate.advance(1000);
  await gate.webhooksSettled();
  expect(outcomes()).toEqual(["1 retried", "2 delivered"]);
  expect(heard).toHaveLength(2);
});

test("a step of the clock does not time out an answer that is only a few turns away", async () => {
  const slow = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return new Response();
  };
  const { agent, gate, pass, outcomes } = await scene({ fetch: slow });
  await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  gate.advance(300_000);
  await pass(0);
  expect(outcomes()).toEqual(["1 delivered"]);
});

test("an endpoint with a timeout of 0 hears nothing, and every attempt fails", async () => {
  const { happen, heard, pass, outcomes } = await scene({ timeoutSeconds: 0, maxRetries: 1 });
  await happen();
  await pass(1000);
  expect([outcomes(), heard]).toEqual([["1 retried", "2 failed"], []]);
});

test("of a success the head is enough; of a failure the body has to end, in the attempt's time", async () => {
  const endless = (status: number) => () =>
    new Response(new ReadableStream({ pull: () => new Promise(() => {}) }), { status });
  const success = await scene({ fetch: endless(200) });
  await success.happen();
  expect(success.outcomes()).toEqual(["1 delivered"]);
  const failure = await scene({ fetch: endless(500), maxRetries: 0 });
  await failure.agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  await expect.poll(failure.outcomes).toEqual(["1 sending"]);
  await new Promise((resolve) => setImmediate(resolve));
  await failure.pass(5000);
  expect(failure.outcomes()).toEqual(["1 failed"]);
});

test("a header that can't be sent is accepted at the start, and fails every attempt", async () => {
  for (const headers of [{ "bad name": "x" }, { "X-Bad": "a\nb" }]) {
    const { happen, heard, pass, outcomes } = await scene({ headers, maxRetries: 1 });
    await happen();
    await pass(1000);
    expect([outcomes(), heard]).toEqual([["1 retried", "2 failed"], []]);
  }
});

test("endpoints do not hold each other up", async () => {
  const told: string[] = [];
  const endpoint = (name: string, answer: () => Response | Promise<Response>) => ({
    name,
    url: "https://hooks.example/",
    secret: "s",
    events: ["action.executed"] as const,
    fetch: () => {
      told.push(name);
      return answer();
    },
  });
  const never = () => new Promise<never>(() => {});
  const { agent } = await scene(
    {},
    { webhooks: [endpoint("stuck", never), endpoint("free", () => new Response())] },
  );
  await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  await expect.poll(() => told.sort()).toEqual(["free", "free", "stuck", "stuck"]);
});

test("a restart loses what is on its way and what waits for a retry", async () => {
  const { agent, happen, gate, pass, heard, outcomes } = await scene({}, { replies: [500, "never"] });
  await happen();
  await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  await expect.poll(() => heard.length).toBe(2);
  gate.restart();
  await pass(60_000);
  expect(outcomes()).toEqual(["1 retried", "1 dropped"]);
});

test("the answer of the gate does not wait for its webhooks", async () => {
  const { agent } = await scene({}, { replies: ["never"] });
  const answer = await agent.execute("fs_read", { operation: "read", path: "docs/notes.md" });
  expect(answer.status).toBe(200);
});

test("with a clock of its own time passing is enough: retries come, and keep no process alive", async () => {
  const { happen, gate, outcomes } = await scene(
    { retryBackoffSeconds: [0] },
    { replies: [500], now: Date.now, timer: undefined as never },
  );
  await happen();
  await expect.poll(outcomes).toEqual(["1 retried", "2 delivered"]);
  expect(gate.deliveries).toHaveLength(2);
});
