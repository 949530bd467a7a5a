import { Agent, createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createMemorySeenStore,
  type EventKind,
  type LatchGateWebhookError,
  type SeenStore,
  type WebhookReceiverOptions,
  webhookReceiver,
} from "latchgate-client/webhooks";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventText, NOW, pending, revocation, SECRET, signed } from "./signed.ts";

const URL_OF_HOOK = "https://hooks.example/generic";

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** A receiver on a clock that stands still, and all that it told. */
function received(options: Partial<WebhookReceiverOptions> = {}) {
  const events: string[] = [];
  const errors: LatchGateWebhookError[] = [];
  const note = (event: { id: string; type: string }) => void events.push(event.type);
  const kinds: EventKind[] = ["approval.pending", "approval.expired", "action.executed", "revocation"];
  const receiver = webhookReceiver({
    secrets: SECRET,
    now: () => NOW,
    on: Object.fromEntries(kinds.map((kind) => [kind, note])),
    onUnknown: (event) => void events.push(`unknown ${event.type}`),
    onError: (error) => void errors.push(error),
    ...options,
  });
  const request = (body: Body, init: RequestInit & { duplex?: "half" } = {}) =>
    new Request(URL_OF_HOOK, { method: "POST", body, ...init });
  const post = async (body: string, headers: Record<string, string> = signed(body)) => {
    const { status } = await receiver.fetch(request(body, { headers }));
    return status;
  };
  return { receiver, events, errors, post, request, codes: () => errors.map(({ code }) => code) };
}

/** The receiver behind a real port. */
async function listening(node: Parameters<typeof createServer>[1]) {
  const server = createServer(node as never);
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve),
  );
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
}

describe("a receiver", () => {
  test("answers 204 with an empty body, and hands each event to the handler of its kind", async () => {
    const { receiver, events, request } = received();
    for (const body of [
      pending(),
      revocation(),
      eventText("lease.issued", {}),
      eventText("test", { message: "m" }),
    ]) {
      const answer = await receiver.fetch(request(body, { headers: signed(body) }));
      expect([answer.status, await answer.text()]).toEqual([204, ""]);
    }
    await receiver.idle();
    expect(events).toEqual(["approval.pending", "revocation", "unknown lease.issued"]);
  });

  test("has answered before the work begins, and does not wait for it", async () => {
    const order: string[] = [];
    let finish = () => {};
    const { receiver, post } = received({
      on: {
        revocation: async () => {
          order.push("began");
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          order.push("done");
        },
      },
    });
    expect(await post(revocation())).toBe(204);
    order.push("answered");
    const idle = receiver.idle().then(() => order.push("idle"));
    while (!order.includes("began")) await new Promise((resolve) => setTimeout(resolve, 1));
    finish();
    await idle;
    expect(order).toEqual(["answered", "began", "done", "idle"]);
  });

  test("tells a Worker's context what is still to be done", async () => {
    const { receiver, events, request } = received();
    const waiting: Promise<unknown>[] = [];
    const context = { waitUntil: (work: Promise<unknown>) => void waiting.push(work) };
    const body = revocation();
    await receiver.fetch(request(body, { headers: signed(body) }), context);
    await Promise.all(waiting);
    expect([waiting.length, events]).toEqual([1, ["revocation"]]);
  });

  test("tells strangers a status and no reason, and the program which step failed", async () => {
    const { post, codes, events, receiver, request, errors } = received();
    const body = pending();
    const headers = signed(body);
    const { "x-latchgate-signature": _, ...unsigned } = headers;
    expect(await post(body, unsigned)).toBe(401);
    expect(await post(body, { ...headers, "x-latchgate-signature": "sha256=00" })).toBe(401);
    expect(await post(body, signed(body, { secret: "whsec_of-somebody-else" }))).toBe(401);
    expect(await post(body, signed(body, { at: NOW - 301_000 }))).toBe(401);
    expect(await post(body, signed(body, { at: NOW + 60_000 }))).toBe(401);
    expect(await post("{", signed("{"))).toBe(400);
    expect(await post('{"blocks":[],"text":"x"}', signed('{"blocks":[],"text":"x"}'))).toBe(400);
    const doubled = new Headers(headers);
    doubled.append("x-latchgate-timestamp", "1");
    const answer = await receiver.fetch(request(body, { headers: doubled }));
    expect([answer.status, await answer.text(), [...answer.headers]]).toEqual([401, "", []]);
    expect(codes()).toEqual([
      ...["missing_header", "malformed_header", "signature", "too_old", "from_the_future"],
      ...["not_json", "not_an_event", "repeated_header"],
    ]);
    for (const error of errors) expect(JSON.stringify(error)).not.toMatch(/whsec_|docs\/leave/);
    await receiver.idle();
    expect(events).toEqual([]);
  });

  test("answers other methods with 405, and says which one it takes", async () => {
    const { receiver, errors } = received();
    for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await receiver.fetch(new Request(URL_OF_HOOK, { method }));
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    }
    expect(errors).toEqual([]);
  });

  test("takes several secrets for as long as one is being changed", async () => {
    const { post } = received({ secrets: ["whsec_the-old-one-that-goes", SECRET] });
    const body = revocation();
    expect(await post(body)).toBe(204);
    expect(await post(body, signed(body, { secret: "whsec_the-old-one-that-goes" }))).toBe(204);
  });

  test("reads at most 1 MiB: more is 413, announced or not, and the rest is not read", async () => {
    const { receiver, request, codes, events } = received();
    const announced = await receiver.fetch(request("x", { headers: { "content-length": "1048577" } }));
    let read = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        read += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel() {
        cancelled = true;
      },
    });
    const streamed = await receiver.fetch(request(endless, { duplex: "half" }));
    expect([announced.status, streamed.status, cancelled]).toEqual([413, 413, true]);
    expect(read).toBeLessThanOrEqual(1024 * 1024 + 3 * 65_536);
    expect(codes()).toEqual(["too_large", "too_large"]);
    const most = pending({ request_summary: "x".repeat(1024 * 1024 - pending().length - 100) });
    const answer = await receiver.fetch(request(most, { headers: signed(most) }));
    await receiver.idle();
    expect([answer.status, events]).toEqual([204, ["approval.pending"]]);
  });

  test("says so in a clear error where a body parser has eaten the bytes, and lets the gate try again", async () => {
    const { receiver, request, errors } = received();
    const body = revocation();
    const eaten = request(body, { headers: signed(body) });
    await eaten.json();
    expect((await receiver.fetch(eaten)).status).toBe(500);
    expect(errors[0]).toMatchObject({ code: "parsed_body", message: /express\.raw/ });
  });

  test("refuses to be made without a secret, or with a tolerance that is none", () => {
    for (const wrong of [{ secrets: "" }, { secrets: [] }, { secrets: undefined }, { toleranceSeconds: -1 }])
      expect(() => received(wrong as never)).toThrow(expect.objectContaining({ code: "invalid_options" }));
    expect(() => webhookReceiver(undefined as never)).toThrow(/options must be an object/);
    expect(() => createMemorySeenStore({ limit: 0 })).toThrow(/at least 1/);
  });
});

describe("doubles", () => {
  test("are dropped by id, also where they come at once and are signed anew", async () => {
    const { receiver, post, events } = received();
    const body = pending();
    const again = signed(body, { at: NOW - 6_000 });
    expect(await Promise.all([post(body), post(body), post(body, again)])).toEqual([204, 204, 204]);
    await receiver.idle();
    expect(await post(body, again)).toBe(204);
    await receiver.idle();
    expect(events).toEqual(["approval.pending"]);
  });

  test("of an expired approval are dropped by the approval: a restarted gate tells of it again with a new id", async () => {
    const { receiver, post, events } = received();
    const expired = (approval: string) => eventText("approval.expired", { approval_id: approval });
    for (const approval of ["a", "a", "b"]) expect(await post(expired(approval))).toBe(204);
    await receiver.idle();
    expect(events).toEqual(["approval.expired", "approval.expired"]);
  });

  test("are known to a store of the caller's, over two processes", async () => {
    const keys = new Set<string>();
    const seen: SeenStore = {
      add: async (key) => !keys.has(key) && keys.add(key) !== undefined,
      delete: async (key) => keys.delete(key),
    };
    const [one, other] = [received({ seen }), received({ seen })];
    const body = pending();
    expect([await one.post(body), await other.post(body)]).toEqual([204, 204]);
    await Promise.all([one.receiver.idle(), other.receiver.idle()]);
    expect([...one.events, ...other.events]).toEqual(["approval.pending"]);
  });

  test("are let in where the store fails: the gate is asked to try again, and the program hears why", async () => {
    let broken = true;
    const memory = createMemorySeenStore();
    const seen: SeenStore = {
      add(key) {
        if (broken) throw new Error("no connection");
        return memory.add(key);
      },
      delete: memory.delete,
    };
    const { receiver, post, events, errors } = received({ seen });
    const body = pending();
    expect(await post(body)).toBe(503);
    expect(errors[0]).toMatchObject({ code: "seen_store", cause: { message: "no connection" } });
    broken = false;
    expect(await post(body)).toBe(204);
    await receiver.idle();
    expect(events).toEqual(["approval.pending"]);
  });

  test("are remembered in bounded memory: the oldest key is the one that is forgotten", () => {
    const seen = createMemorySeenStore({ limit: 3 });
    for (const key of ["a", "b", "c"]) expect(seen.add(key)).toBe(true);
    expect(seen.add("a")).toBe(false);
    expect(seen.add("d")).toBe(true);
    expect(["b", "c", "d"].map((key) => seen.add(key))).toEqual([false, false, false]);
    expect(seen.add("a")).toBe(true);
  });
});

describe("a handler that throws", () => {
  const boom = () => {
    throw new Error("boom");
  };

  test("changes nothing for the gate, and is told to the program", async () => {
    const { receiver, post, errors } = received({ on: { revocation: boom }, onUnknown: async () => boom() });
    expect(await post(revocation())).toBe(204);
    expect(await post(eventText("lease.issued", {}))).toBe(204);
    await receiver.idle();
    expect(errors.map(({ message, cause }) => [message, String(cause)])).toEqual([
      ["the webhook handler for revocation threw", "Error: boom"],
      ["the webhook handler for unknown kinds threw", "Error: boom"],
    ]);
  });

  test("makes the gate try again where it is told to, until it does not throw; doubles wait for the first", async () => {
    let throws = true;
    let runs = 0;
    const { receiver, post, codes } = received({
      retryWhenHandlerThrows: true,
      on: {
        revocation: async () => {
          runs += 1;
          await null;
          if (throws) boom();
        },
      },
    });
    const body = revocation();
    expect(await Promise.all([post(body), post(body)])).toEqual([500, 500]);
    expect([runs, codes()]).toEqual([1, ["handler"]]);
    throws = false;
    expect(await Promise.all([post(body), post(body)])).toEqual([204, 204]);
    expect(await post(body)).toBe(204);
    expect(runs).toBe(2);
    await receiver.idle();
  });

  test("and a listener for errors that throws too, harm nobody", async () => {
    const { receiver, post } = received({ on: { revocation: boom }, onError: boom });
    expect(await post(revocation())).toBe(204);
    expect(await post("{", {})).toBe(401);
    await receiver.idle();
  });

  test("is a warning of the process where nobody listens, as is the first refusal of each reason", async () => {
    const heard: string[] = [];
    const hear = (warning: Error) => void heard.push(`${warning.name}: ${warning.message}`);
    process.on("warning", hear);
    onTestFinished(() => void process.off("warning", hear));
    const { receiver, post } = received({ onError: undefined, on: { revocation: boom } });
    for (let times = 0; times < 3; times += 1) expect(await post("{}", {})).toBe(401);
    await post(revocation());
    await receiver.idle();
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard.filter((line) => line.startsWith("LatchGateWebhookWarning"))).toEqual([
      "LatchGateWebhookWarning: the webhook has no X-LatchGate-Signature",
      "LatchGateWebhookWarning: the webhook handler for revocation threw: boom",
    ]);
  });

  test("is looked for among the handlers' own names only, whatever a kind is called", async () => {
    const { receiver, post, events, errors } = received();
    for (const type of ["constructor", "__proto__", "toString", "hasOwnProperty"])
      expect(await post(eventText(type, {}))).toBe(204);
    await receiver.idle();
    expect(events.map((line) => line.split(" ")[0])).toEqual(Array(4).fill("unknown"));
    expect(errors).toEqual([]);
  });
});

describe("listeners", () => {
  test("hear of each new event once, before its handler, until they leave; one that throws harms nobody", async () => {
    const heard: string[] = [];
    const { receiver, post } = received({ on: { revocation: () => void heard.push("handler") } });
    receiver.subscribe(() => {
      throw new Error("of no interest");
    });
    const leave = receiver.subscribe(({ type }) => void heard.push(type));
    const body = revocation();
    await post(body);
    await post(body);
    await receiver.idle();
    leave();
    await post(revocation());
    await receiver.idle();
    expect(heard).toEqual(["revocation", "handler", "handler"]);
  });
});

describe("on node:http", () => {
  test("answers as by fetch: 204, 401, 413 and 405, and keeps the connection but for what is not worth reading", async () => {
    const { receiver, events, codes } = received();
    const url = await listening(receiver.node);
    const body = pending({ principal: "é🔒" });
    const post = (sent: Body, headers: Record<string, string>) =>
      fetch(url, { method: "POST", body: sent, headers, duplex: "half" } as RequestInit);
    const taken = await post(body, signed(body));
    expect([taken.status, await taken.text()]).toEqual([204, ""]);
    expect((await post(body, signed(revocation()))).status).toBe(401);
    const get = await fetch(url);
    expect([get.status, get.headers.get("allow"), get.headers.get("connection")]).toEqual([
      405,
      "POST",
      "close",
    ]);
    const large = await post(new Uint8Array(1_048_577), signed(body)).catch(() => undefined);
    // The connection is closed while it is still written to: some see the answer, and some the end.
    expect([413, undefined]).toContain(large?.status);
    await receiver.idle();
    expect(events).toEqual(["approval.pending"]);
    expect(codes()).toEqual(["signature", "too_large"]);
  });

  test("refuses doubled headers, which Node joins", async () => {
    const { receiver, codes } = received();
    const url = await listening(receiver.node);
    const body = revocation();
    const headers = new Headers(signed(body));
    headers.append("x-latchgate-signature", "sha256=00");
    expect((await fetch(url, { method: "POST", body, headers })).status).toBe(401);
    expect(codes()).toEqual(["repeated_header"]);
  });

  test("survives a connection that is lost within the body", async () => {
    const { receiver, events } = received();
    const url = await listening(receiver.node);
    const stop = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("{"));
        setTimeout(() => stop.abort(), 50);
      },
    });
    const lost = fetch(url, { method: "POST", body, signal: stop.signal, duplex: "half" } as RequestInit);
    await expect(lost).rejects.toThrow();
    await receiver.idle();
    expect(events).toEqual([]);
  });

  test("2,000 deliveries at once are all answered, each event is handled once, and memory is given back", async () => {
    const handled = new Map<string, number>();
    const { receiver } = received({
      on: { "approval.pending": ({ id }) => void handled.set(id, (handled.get(id) ?? 0) + 1) },
    });
    const url = await listening(receiver.node);
    const bodies = Array.from({ length: 2_000 }, () => pending({ request_summary: "x".repeat(1_000) }));
    const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
    const before = process.memoryUsage().rss;
    const statusOf = (body: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = httpRequest(url, { method: "POST", headers: signed(body), agent }, (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        });
        sent.on("error", reject).end(body);
      });
    const answers = await Promise.all(bodies.map(statusOf));
    await receiver.idle();
    expect(new Set(answers)).toEqual(new Set([204]));
    expect([handled.size, Math.max(...handled.values())]).toEqual([2_000, 1]);
    const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
    console.log(
      `2,000 deliveries at once: ${answers.length} answered 204, and ${grown} MiB more, senders included`,
    );
    expect(grown).toBeLessThan(400);
  }, 120_000);
});
