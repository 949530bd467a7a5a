import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { globalAgent } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { inspect, promisify } from "node:util";
import { createTransport, type DispatcherLike, LatchGateClient, type Transport } from "latchgate-client";
import * as undici7 from "undici";
import * as undici6 from "undici6";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { ConnectionOptions } from "../../src/wire/config.ts";
import { createClock, type GateRequest, type SendFailure } from "../../src/wire/send.ts";
import {
  type Answer,
  type Arrived,
  answerExecuted,
  bareGate,
  everythingOf,
  listening,
  rejection,
  secretsIn,
  temporaryFolder,
} from "../support/bare.ts";
import { certificates } from "../support/certificates.ts";

// undici 8 does not load on Node 20.
const undici8 = await import("undici8").catch(() => undefined);

/** A server to be reached, and by what. */
interface Carrier {
  readonly name: string;
  readonly loads: boolean;
  options(place: { port: number; path: string }): ConnectionOptions;
  /** Whether the server is on a socket. */
  readonly socket?: boolean;
}

const url = ({ port }: { port: number }) => `http://localhost:${port}`;

function closing<Dispatcher extends { destroy(): Promise<void> }>(dispatcher: Dispatcher): Dispatcher {
  onTestFinished(() => dispatcher.destroy());
  return dispatcher;
}

const byDispatcher = (
  name: string,
  make: (() => DispatcherLike & { destroy(): Promise<void> }) | undefined,
): Carrier => ({
  name: `a dispatcher of ${name}`,
  loads: make !== undefined,
  options: (place) => ({
    baseUrl: url(place),
    ...(make === undefined ? {} : { dispatcher: closing(make()) }),
  }),
});

const tcp: Carrier = { name: "TCP", loads: true, options: (place) => ({ baseUrl: url(place) }) };
const uds: Carrier = {
  name: "a Unix socket",
  loads: true,
  socket: true,
  options: ({ path }) => ({ socket: path }),
};
/** The same by Node's own parser. */
const byNode = (carrier: Carrier): Carrier => ({
  ...carrier,
  name: `${carrier.name}, node:http`,
  options: (place) => ({ ...carrier.options(place), carrier: "node:http" }),
});
const byFetch: Carrier = {
  name: "a caller's fetch",
  loads: true,
  options: (place) => ({ baseUrl: url(place), fetch: (...args) => fetch(...args) }),
};
const dispatchers = [
  byDispatcher("undici 6", () => new undici6.Agent() as unknown as DispatcherLike & undici6.Agent),
  byDispatcher("undici 7", () => new undici7.Agent()),
  byDispatcher(
    "undici 8 (not on Node 20)",
    undici8 && (() => new undici8.Agent() as unknown as DispatcherLike & { destroy(): Promise<void> }),
  ),
];
const ownCarriers = [tcp, uds, byNode(tcp), byNode(uds)];
const carriers = [...ownCarriers, byFetch, ...dispatchers].filter(({ loads }) => loads);
const notLoaded = [tcp, uds, byFetch, ...dispatchers].filter(({ loads }) => !loads);

it.skipIf(notLoaded.length === 0)(`is not tested here: ${notLoaded.map(({ name }) => name).join()}`, () => {
  expect(process.versions.node).toMatch(/^20\./);
});

/** A transport that is closed when the test is over. */
function opened(options: ConnectionOptions, clock = createClock()): Transport {
  const transport = createTransport(options, clock);
  onTestFinished(() => transport.close());
  return transport;
}

function request(over: Partial<GateRequest> = {}): GateRequest {
  return {
    target: "/v1/actions/echo/execute",
    method: "POST",
    headers: {
      Authorization: "DPoP token-secret-1",
      DPoP: "proof-secret-1",
      "Content-Type": "application/json",
    },
    body: '{"a":"ä"}',
    signal: undefined,
    timeoutMs: 5_000,
    ...over,
  };
}

/** A server of bare bytes: `serve` gets each connection once its request has arrived as a whole. */
async function rawServer(serve: (socket: Socket, nth: number) => void, carrier: Carrier = tcp) {
  let count = 0;
  const server = createServer((socket) => {
    socket.once("data", () => serve(socket, ++count));
  });
  return place(server, carrier);
}

async function place(server: Server, carrier: Carrier) {
  const path = join(temporaryFolder(), "gate.sock");
  const { port, connections } = await listening(server, carrier.socket ? path : undefined);
  return { port, path, connections, server };
}

async function gateFor(carrier: Carrier, answer: Answer) {
  const path = join(temporaryFolder(), "gate.sock");
  const gate = await bareGate(answer, carrier.socket ? { at: path } : {});
  const port = carrier.socket ? 0 : Number(new URL(gate.baseUrl).port);
  return { ...gate, options: carrier.options({ port, path }) };
}

/** What the server has written is read by then: both live on this process's one loop, however busy the machine. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate);
}

const failureOf = (promise: Promise<unknown>) => rejection(promise) as Promise<SendFailure>;

const OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

describe.each(carriers)("by $name", (carrier) => {
  it("a request arrives as it is, and its answer comes back whole", async () => {
    const gate = await gateFor(carrier, (_request, response) => {
      response.writeHead(418, { "content-type": "text/plain", "x-two": ["a", "b"] }).write("häl");
      response.end("f");
    });
    const transport = opened(gate.options);
    const response = await transport.send(request());
    expect(response).toMatchObject({ status: 418, ok: false });
    expect(await response.text()).toBe("hälf");
    expect(response.headers.get("Content-Type")).toBe("text/plain");
    expect(response.headers.get("absent")).toBeNull();
    expect(gate.calls).toHaveLength(1);
    const [call] = gate.calls as [Arrived];
    expect(call).toMatchObject({ method: "POST", path: "/v1/actions/echo/execute", body: '{"a":"ä"}' });
    expect(call.rawHeaders).toEqual(
      expect.arrayContaining(["DPoP", "proof-secret-1", "Content-Type", "application/json"]),
    );
    expect(call.rawHeaders[call.rawHeaders.indexOf("DPoP token-secret-1") - 1]).toBe("Authorization");
    expect(call.headers["content-length"]).toBe("10");
  });

  it("a GET has no body, and connections are used again", async () => {
    const gate = await gateFor(carrier, answerExecuted);
    const transport = opened(gate.options);
    for (let count = 0; count < 3; count += 1)
      await (await transport.send(request({ method: "GET", body: undefined }))).json();
    expect(gate.calls.map(({ method, body }) => [method, body])).toEqual(Array(3).fill(["GET", ""]));
    // undici's Pool opens a second one while the first is still putting its answer away.
    expect(gate.connections.size).toBeLessThan(3);
  });

  it("a redirect to another host is an answer, and nobody follows it", async () => {
    const thief = await bareGate(answerExecuted);
    const gate = await gateFor(carrier, (_request, response) => {
      response
        .writeHead(307, { location: `${thief.baseUrl.replace("localhost", "127.0.0.1")}/stolen` })
        .end();
    });
    const transport = opened(gate.options);
    expect((await transport.send(request())).status).toBe(307);
    expect(thief.arrived).toEqual([]);
  });

  const silences: [string, string, boolean][] = [
    ["says nothing", "", false],
    ["stops within the headers", `${OK}Content-Le`, false],
    ["stops within the body", `${OK}Content-Length: 100\r\n\r\n{"dec`, true],
    ["stops within a chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n10\r\n{"dec`, true],
  ];
  it.each(silences)("the timer ends an attempt whose server %s", async (_what, bytes, answering) => {
    let end = () => {};
    const timer = (_ms: number, run: () => void) => {
      end = run;
      return () => {};
    };
    const server = await rawServer((socket) => socket.write(bytes, () => settled().then(end)), carrier);
    const transport = opened(carrier.options(server), { ...createClock(), timer });
    const failure = await failureOf(transport.send(request({ timeoutMs: 40 })));
    expect(failure).toMatchObject({ code: "timeout", sent: true, answering });
    expect(failure.message).toBe("no complete answer within 40 ms");
  });

  it("the timer is a real one", async () => {
    const server = await rawServer(() => {}, carrier);
    const transport = opened(carrier.options(server));
    const failure = await failureOf(transport.send(request({ timeoutMs: 20 })));
    expect(failure).toMatchObject({ code: "timeout", answering: false });
  });

  it.each(silences)(
    "a signal ends it too, and has no listener afterwards: the server %s",
    async (_what, bytes, answering) => {
      const controller = new AbortController();
      const end = () => controller.abort(new Error("enough"));
      const server = await rawServer((socket) => socket.write(bytes, () => settled().then(end)), carrier);
      const transport = opened(carrier.options(server));
      const failure = await failureOf(transport.send(request({ signal: controller.signal })));
      expect(failure).toMatchObject({ code: "aborted", sent: true, answering });
      expect((failure.cause as Error).message).toBe("enough");
      expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    },
  );

  it("a signal that was aborted before sends nothing", async () => {
    const gate = await gateFor(carrier, answerExecuted);
    const transport = opened(gate.options);
    const signal = AbortSignal.abort();
    expect(await failureOf(transport.send(request({ signal })))).toMatchObject({
      code: "aborted",
      sent: false,
    });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(gate.arrived).toEqual([]);
  });

  it("a signal has no listener after an answer", async () => {
    const gate = await gateFor(carrier, answerExecuted);
    const transport = opened(gate.options);
    const { signal } = new AbortController();
    await transport.send(request({ signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("a signal that forty requests share has one listener, and ends them all", async () => {
    const gate = await gateFor(carrier, () => {});
    const transport = opened(gate.options);
    const controller = new AbortController();
    const { signal } = controller;
    const failures = Array.from({ length: 40 }, () => failureOf(transport.send(request({ signal }))));
    await expect.poll(() => gate.calls.length, { interval: 5 }).toBe(40);
    // A dispatcher and a fetch have listeners of their own signals.
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    controller.abort();
    expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(Array(40).fill("aborted"));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  const losses: [string, string, boolean][] = [
    ["before an answer", "", false],
    ["within the headers", `${OK}Content-Le`, false],
    ["within the body", `${OK}Content-Length: 100\r\n\r\n{"dec`, true],
    ["between headers and body", `${OK}Content-Length: 100\r\n\r\n`, true],
    ["within a chunk", `${OK}Transfer-Encoding: chunked\r\n\r\n10\r\n{"dec`, true],
  ];
  it.each(losses)("a connection that is lost %s was sent on", async (_what, bytes, answering) => {
    const server = await rawServer(
      (socket) => socket.write(bytes, () => setTimeout(() => socket.destroy(), 5)),
      carrier,
    );
    const transport = opened(carrier.options(server));
    const failure = await failureOf(transport.send(request()));
    expect(failure).toMatchObject({ code: "lost", sent: true, answering });
    expect(failure.message).toContain(carrier.socket ? server.path : String(server.port));
  });

  it("an answer that announces more than is allowed is refused before it is read", async () => {
    const server = await rawServer(
      (socket) => socket.write(`${OK}Content-Length: 1000000\r\n\r\n{`),
      carrier,
    );
    const transport = opened({ ...carrier.options(server), maxResponseBytes: 1000 });
    expect(await failureOf(transport.send(request()))).toMatchObject({
      code: "answer_too_large",
      sent: true,
      answering: true,
      message: "the answer is larger than 1000 bytes (maxResponseBytes)",
    });
  });

  it("an answer that grows beyond what is allowed is refused while it is read", async () => {
    let written = 0;
    const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    const server = await rawServer((socket) => {
      socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
      const more = () => {
        while (!socket.destroyed && socket.write(chunk)) written += chunk.length;
      };
      socket.on("drain", more);
      more();
    }, carrier);
    const transport = opened({ ...carrier.options(server), maxResponseBytes: 100_000 });
    expect(await failureOf(transport.send(request()))).toMatchObject({
      code: "answer_too_large",
      answering: true,
    });
    // What the kernel and undici hold on the way, and no more: the server would write for ever.
    expect(written).toBeLessThan(8_000_000);
  });

  it("an answer of exactly what is allowed is taken", async () => {
    const gate = await gateFor(carrier, (_request, response) => response.end("x".repeat(1000)));
    const transport = opened({ ...gate.options, maxResponseBytes: 1000 });
    expect((await transport.send(request())).body).toHaveLength(1000);
  });

  it("a server that is not there: nothing was sent, and the error says where it should be", async () => {
    const server = await place(createServer(), carrier);
    await new Promise((resolve) => server.server.close(resolve));
    const transport = opened(carrier.options(server));
    const failure = await failureOf(transport.send(request()));
    expect(failure).toMatchObject({
      code: carrier.socket ? "no_socket" : "connection_refused",
      sent: false,
      answering: false,
    });
    expect(failure.message).toContain(carrier.socket ? server.path : `http://localhost:${server.port}`);
    expect(failure.message).toContain("is the gate up");
  });

  it("after close() there is a clear error, and nothing is sent", async () => {
    const gate = await gateFor(carrier, answerExecuted);
    const transport = opened(gate.options);
    await transport.close();
    const failure = await failureOf(transport.send(request()));
    expect(failure).toMatchObject({ code: "closed", sent: false, message: "the client is closed" });
    expect(gate.arrived).toEqual([]);
  });

  it("close() lets calls finish that are under way", async () => {
    const gate = await gateFor(carrier, (one, response, nth) =>
      setTimeout(answerExecuted, 20, one, response, nth),
    );
    const transport = opened(gate.options);
    const answer = transport.send(request());
    while (gate.calls.length === 0) await new Promise(setImmediate);
    await Promise.all([transport.close(), transport.close()]);
    expect((await answer).status).toBe(200);
  });
});

describe("a dispatcher that follows redirects by itself", () => {
  const following: [string, () => DispatcherLike & { destroy(): Promise<void> }][] = [
    [
      "undici 6",
      () => new undici6.Agent({ maxRedirections: 5 }) as unknown as DispatcherLike & undici6.Agent,
    ],
    ["undici 7", () => new undici7.Agent().compose(undici7.interceptors.redirect({ maxRedirections: 5 }))],
  ];
  it.each(following)("does not do so with our requests: %s", async (_name, make) => {
    const thief = await bareGate(answerExecuted);
    const gate = await bareGate((_request, response) =>
      response.writeHead(307, { location: `${thief.baseUrl}/x` }).end(),
    );
    const transport = opened({ baseUrl: gate.baseUrl, dispatcher: closing(make()) });
    expect((await transport.send(request())).status).toBe(307);
    expect(thief.arrived).toEqual([]);
  });
});

it("the answer of a fetch that has followed a redirect all the same is not taken", async () => {
  const thief = await bareGate(answerExecuted);
  const gate = await bareGate((_request, response) =>
    response.writeHead(307, { location: `${thief.baseUrl}/x` }).end(),
  );
  const transport = opened({
    baseUrl: gate.baseUrl,
    fetch: (at, init) => fetch(at, { ...init, redirect: "follow" }),
  });
  const failure = await failureOf(transport.send(request()));
  expect(failure).toMatchObject({ code: "redirected", sent: true, answering: true });
});

describe.each(["undici", "node:http"] as const)("https by %s", (carrier) => {
  it("reaches a gate whose certificate is of the CA that is given", async () => {
    const { ca, cert, key } = certificates();
    const gate = await bareGate(answerExecuted, { tls: { cert, key } });
    const transport = opened({ baseUrl: gate.baseUrl, tls: { ca }, carrier });
    expect((await transport.send(request())).status).toBe(200);
    expect(gate.calls).toHaveLength(1);
  });

  it("shows the certificate that is given, where the gate wants one", async () => {
    const { ca, cert, key } = certificates();
    const gate = await bareGate(answerExecuted, {
      tls: { cert, key, ca, requestCert: true, rejectUnauthorized: true },
    });
    const transport = opened({ baseUrl: gate.baseUrl, tls: { ca, cert, key }, carrier });
    expect((await transport.send(request())).status).toBe(200);
  });

  it.each(["own transport", "fetch", "dispatcher"])(
    "refuses a certificate of another CA before anything is sent: %s",
    async (how) => {
      const { cert, key } = certificates();
      const gate = await bareGate(answerExecuted, { tls: { cert, key } });
      const over = {
        "own transport": { carrier },
        fetch: { fetch: (...args: Parameters<typeof fetch>) => fetch(...args) },
      }[how];
      const transport = opened({
        baseUrl: gate.baseUrl,
        ...(over ?? { dispatcher: closing(new undici7.Agent()) }),
      });
      const failure = await failureOf(transport.send(request()));
      expect(failure).toMatchObject({ code: "certificate_refused", sent: false });
      expect(failure.message).toContain(gate.baseUrl);
      expect(failure.message).toContain("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
      expect(gate.arrived).toEqual([]);
    },
  );

  it("refuses a certificate for another name", async () => {
    const { ca, cert, key } = certificates();
    const gate = await bareGate(answerExecuted, { tls: { cert, key } });
    const transport = opened({
      baseUrl: gate.baseUrl.replace("localhost", "127.0.0.1"),
      tls: { ca },
      carrier,
    });
    const server = await failureOf(transport.send(request()));
    expect(["certificate_refused", "connection_refused"]).toContain(server.code);
    expect(server.sent).toBe(false);
  });

  it.each(["timeout", "aborted"])("%s while it connects: nothing was sent", async (code) => {
    // It accepts, and says nothing to the TLS greeting.
    const server = await rawServer(() => {});
    const transport = opened({ baseUrl: `https://localhost:${server.port}`, carrier });
    const signal = code === "aborted" ? AbortSignal.timeout(20) : undefined;
    const timeoutMs = code === "aborted" ? 5_000 : 20;
    const failure = await failureOf(transport.send(request({ signal, timeoutMs })));
    expect(failure).toMatchObject({ code, sent: false, answering: false });
  });

  it("what was given up while connecting is not sent once the connection is there", async () => {
    const { ca, cert, key } = certificates();
    const gate = await bareGate(answerExecuted, { tls: { cert, key } });
    const transport = opened({ baseUrl: gate.baseUrl, tls: { ca }, carrier });
    const controller = new AbortController();
    const given = failureOf(transport.send(request({ signal: controller.signal, body: '"given up"' })));
    const other = transport.send(request());
    controller.abort();
    expect(await given).toMatchObject({ code: "aborted", sent: false });
    await other;
    await transport.send(request());
    expect(gate.calls.map(({ body }) => body)).toEqual(['{"a":"ä"}', '{"a":"ä"}']);
  });
});

describe.each(ownCarriers)("connections of its own, by $name", (carrier) => {
  it.each([
    ["100 Continue", "HTTP/1.1 100 Continue\r\n\r\n"],
    [
      "two of them, and one with headers",
      `${"HTTP/1.1 100 Continue\r\n\r\n".repeat(2)}HTTP/1.1 100 Go on\r\nX: y\r\n\r\n`,
    ],
    ["103 Early Hints", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"],
  ])("what comes before the answer unasked is not the answer: %s", async (_what, before) => {
    const answer = `${before}${OK}Content-Length: 2\r\n\r\n{}`;
    for (const size of [answer.length, 1, 7]) {
      const server = await rawServer(async (socket) => {
        for (let at = 0; at < answer.length; at += size) {
          socket.write(answer.slice(at, at + size));
          await settled();
        }
      }, carrier);
      const transport = opened(carrier.options(server));
      expect(await transport.send(request())).toMatchObject({ status: 200, body: "{}" });
    }
  });

  it("a body that looks like 100 Continue stays as it is, also on a connection that was used before", async () => {
    const body = "HTTP/1.1 100 Continue\r\n\r\n{}";
    const gate = await gateFor(carrier, (_request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.write("\n");
      setTimeout(() => response.end(body), 5);
    });
    const transport = opened(gate.options);
    for (let nth = 0; nth < 3; nth += 1) expect((await transport.send(request())).body).toBe(`\n${body}`);
  });

  it("a 101 that nobody asked for is no answer", async () => {
    const server = await rawServer(
      (socket) => socket.end("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
      carrier,
    );
    const transport = opened(carrier.options(server));
    expect(await failureOf(transport.send(request()))).toMatchObject({ code: "lost", sent: true });
  });

  it("an answer with headers without end is lost", async () => {
    const server = await rawServer((socket) => socket.write(`${OK}X: ${"y".repeat(40_000)}`), carrier);
    const transport = opened(carrier.options(server));
    expect(await failureOf(transport.send(request()))).toMatchObject({
      code: "lost",
      sent: true,
      answering: false,
    });
  });

  it("a connection that was closed while nobody used it is not used", async () => {
    const gate = await gateFor(carrier, answerExecuted);
    const transport = opened(gate.options);
    for (let nth = 0; nth < 5; nth += 1) {
      expect((await transport.send(request())).status).toBe(200);
      for (const socket of gate.connections) socket.destroy();
      if (nth % 2 === 0) await settled();
    }
    expect(gate.calls).toHaveLength(5);
  });

  it("bytes that nobody asked for end an idle connection, and are no answer to the next request", async () => {
    const answer = `${OK}Content-Length: 2\r\n\r\n{}`;
    const path = join(temporaryFolder(), "gate.sock");
    const server = createServer((socket) => socket.on("data", () => void socket.write(answer)));
    const { port, connections } = await listening(server, carrier.socket ? path : undefined);
    const transport = opened(carrier.options({ port, path }));
    for (let nth = 0; nth < 4; nth += 1) {
      expect((await transport.send(request())).body).toBe("{}");
      for (const socket of connections) socket.write(`${OK}Content-Length: 5\r\n\r\n"bad"`);
      if (nth % 2 === 0) await settled();
    }
  });

  it("header names keep their case and come once, and no agent of the host's is used", async () => {
    const gate = await gateFor(carrier, answerExecuted);
    const transport = opened(gate.options);
    await transport.send(request());
    await transport.send(request({ method: "DELETE", body: undefined }));
    await transport.send(request({ body: undefined }));
    const [post, remove, bare] = gate.calls;
    const names = (post?.rawHeaders ?? []).filter((_name, at) => at % 2 === 0);
    expect(names.map((name) => name.toLowerCase()).sort()).toEqual(
      ["authorization", "connection", "content-length", "content-type", "dpop", "host"].sort(),
    );
    expect(names).toEqual(expect.arrayContaining(["Authorization", "DPoP", "Content-Type"]));
    expect(post?.headers).toMatchObject({ connection: "keep-alive", "content-length": "10" });
    expect(post?.headers.host).toBe(carrier.socket ? "localhost" : new URL(gate.baseUrl).host);
    expect(remove).toMatchObject({ method: "DELETE", body: "" });
    expect(bare?.headers["content-length"]).toBe("0");
    expect(Object.keys(globalAgent.sockets).concat(Object.keys(globalAgent.freeSockets))).toEqual([]);
  });

  it("an answer in pieces of one byte costs no more memory than some of its size", {
    timeout: 60_000,
  }, async () => {
    const piece = Buffer.from("1\r\nx\r\n".repeat(10_000));
    const server = await rawServer((socket) => {
      socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n`);
      let left = 100;
      const more = () => {
        while (left-- > 0) if (!socket.write(piece)) return void socket.once("drain", more);
        socket.write("0\r\n\r\n");
      };
      more();
    }, carrier);
    const transport = opened(carrier.options(server));
    let peak = 0;
    const before = process.memoryUsage();
    const watch = setInterval(() => {
      const { heapUsed, external } = process.memoryUsage();
      peak = Math.max(peak, heapUsed + external - before.heapUsed - before.external);
    }, 5);
    const { body } = await transport.send(request({ timeoutMs: 60_000 }));
    clearInterval(watch);
    expect(body).toHaveLength(1_000_000);
    // As a buffer each byte would take more than a hundred.
    expect(peak).toBeLessThan(60_000_000);
  });

  it("is said to be carried so", () => {
    const transport = opened(carrier.options({ port: 1, path: "/x" }));
    expect(transport.carrier).toBe(carrier.name.includes("node") ? "node:http" : "undici");
  });
});

it("a host name that does not exist: nothing was sent", async () => {
  const transport = opened({ baseUrl: "http://gate.invalid:3000" });
  const failure = await failureOf(transport.send(request()));
  expect(failure).toMatchObject({
    code: "name_not_resolved",
    sent: false,
    message: "the host name in http://gate.invalid:3000 can't be resolved",
  });
});

describe("an error of a caller's fetch or dispatcher", () => {
  const coded = (code: string, syscall?: string) =>
    Object.assign(new Error(`${syscall ?? "x"} ${code}`), { code, syscall });
  const wrapped = (cause: unknown) => Object.assign(new TypeError("fetch failed"), { cause });
  const NOT_SENT: [string, unknown, string][] = [
    ["ECONNREFUSED", wrapped(coded("ECONNREFUSED", "connect")), "connection_refused"],
    [
      "both addresses refused",
      wrapped(Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" })),
      "connection_refused",
    ],
    ["ENOENT", wrapped(coded("ENOENT", "connect")), "no_socket"],
    ["EACCES", wrapped(coded("EACCES", "connect")), "permission_denied"],
    ["ENOTFOUND", wrapped(coded("ENOTFOUND", "getaddrinfo")), "name_not_resolved"],
    ["EAI_AGAIN", coded("EAI_AGAIN", "getaddrinfo"), "name_not_resolved"],
    ["ETIMEDOUT while connecting", coded("ETIMEDOUT", "connect"), "connect_failed"],
    ["EHOSTUNREACH while connecting", coded("EHOSTUNREACH", "connect"), "connect_failed"],
    ["a connect timeout", wrapped(coded("UND_ERR_CONNECT_TIMEOUT")), "connect_failed"],
    ["no intercept", coded("UND_MOCK_ERR_MOCK_NOT_MATCHED"), "connect_failed"],
    ["an expired certificate", wrapped(coded("CERT_HAS_EXPIRED")), "certificate_refused"],
    ["a wrong name", wrapped(coded("ERR_TLS_CERT_ALTNAME_INVALID")), "certificate_refused"],
  ];
  // Whatever can happen to a connection that stood: nobody knows what the other side got.
  const SENT: [string, unknown][] = [
    ["ECONNRESET", wrapped(coded("ECONNRESET", "read"))],
    ["EPIPE", coded("EPIPE", "write")],
    ["EHOSTUNREACH while reading", wrapped(coded("EHOSTUNREACH", "read"))],
    ["ENETUNREACH while writing", coded("ENETUNREACH", "write")],
    ["ETIMEDOUT while reading", coded("ETIMEDOUT", "read")],
    ["ECONNREFUSED while reading", coded("ECONNREFUSED", "read")],
    ["EACCES of a file that it logs to", coded("EACCES", "open")],
    ["ENOENT of a file that it logs to", coded("ENOENT", "open")],
    ["EMFILE of a file", coded("EMFILE", "open")],
    ["other side closed", wrapped(coded("UND_ERR_SOCKET"))],
    ["a headers timeout", coded("UND_ERR_HEADERS_TIMEOUT")],
    ["a TLS alert", coded("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED")],
    ["an error without a code", new Error("x")],
    ["a string", "x"],
    ["nothing", undefined],
    ["null", null],
    ["an error whose message is none", Object.assign(new Error("x"), { message: 5, stack: null, name: {} })],
  ];
  const throwing = (error: unknown): [string, ConnectionOptions][] => [
    ["fetch", { fetch: () => Promise.reject(error) }],
    [
      "fetch, at once",
      {
        fetch: () => {
          throw error;
        },
      },
    ],
    ["dispatcher", { dispatcher: { request: () => Promise.reject(error) } }],
  ];

  it.each(NOT_SENT)("%s: nothing was sent", async (_what, error, code) => {
    for (const [how, options] of throwing(error)) {
      const transport = opened({ ...options, baseUrl: "http://gate:3000" });
      const failure = await failureOf(transport.send(request()));
      expect([how, failure.code, failure.sent]).toEqual([how, code, false]);
      expect(failure.message).toContain("http://gate:3000");
    }
  });

  it.each(SENT)("%s: it may have been sent", async (_what, error) => {
    for (const [how, options] of throwing(error)) {
      const transport = opened({ ...options, baseUrl: "http://gate:3000" });
      const failure = await failureOf(transport.send(request()));
      expect([how, failure.code, failure.sent]).toEqual([how, "lost", true]);
    }
  });

  it("is kept as a cause by its name, message and code, and with nothing else of it", async () => {
    const { Authorization, DPoP } = { Authorization: "DPoP token-secret-1", DPoP: "proof-secret-1" };
    const inner = Object.assign(new Error(`sent ${DPoP}`), { code: "ECONNRESET", request: { DPoP } });
    const error = Object.assign(new Error(`failed with ${Authorization} and ${DPoP}`, { cause: inner }), {
      code: "ERR_NETWORK",
      name: "AxiosError",
      config: { headers: { Authorization, DPoP } },
      toJSON: () => ({ Authorization, DPoP }),
    });
    for (const [, options] of throwing(error)) {
      const transport = opened({ ...options, baseUrl: "http://gate:3000" });
      const failure = await failureOf(transport.send(request()));
      expect(failure.cause).toMatchObject({
        name: "AxiosError",
        code: "ERR_NETWORK",
        message: "failed with DPoP [redacted] and [redacted]",
        cause: { message: "sent [redacted]", code: "ECONNRESET" },
      });
      expect(everythingOf(failure)).not.toMatch(/(token|proof)-secret/);
    }
  });

  it("of another realm (as in jest) is read all the same", async () => {
    const foreign = (await import("node:vm")).runInNewContext(
      `Object.assign(new Error("connect ENOENT"), { code: "ENOENT", syscall: "connect" })`,
    );
    expect(foreign instanceof Error).toBe(false);
    for (const [, options] of throwing(foreign)) {
      const transport = opened({ ...options, baseUrl: "http://gate:3000" });
      expect(await failureOf(transport.send(request()))).toMatchObject({
        code: "no_socket",
        sent: false,
      });
    }
  });
});

describe("a stand-in for fetch", () => {
  const answering = async (answer: unknown) => {
    const transport = opened({ fetch: async () => answer as Response });
    return transport.send(request());
  };

  it("may give an answer that has text() alone, or a body of strings", async () => {
    const headers = new Headers();
    expect((await answering({ status: 200, headers, text: async () => "hä" })).body).toBe("hä");
    const strings = (async function* () {
      yield "h";
      yield "ä";
    })();
    expect((await answering({ status: 200, headers, body: strings })).body).toBe("hä");
    expect((await answering(new Response(null, { status: 204 }))).body).toBe("");
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["no headers", { status: 200, text: async () => "x" }],
    ["a body of numbers", { status: 200, headers: new Headers(), body: [1, 2] }],
    ["a body that breaks", new Response(new ReadableStream({ start: (one) => one.error(new Error("x")) }))],
  ])("that gives %s ends the attempt with an error, and does not hang", async (_what, answer) => {
    expect(await failureOf(answering(answer))).toMatchObject({ code: "lost", sent: true });
  });

  it("that ignores its signal is not waited for", async () => {
    const transport = opened({ fetch: () => new Promise(() => {}) });
    const failure = await failureOf(transport.send(request({ timeoutMs: 10 })));
    expect(failure).toMatchObject({ code: "timeout", sent: true });
  });

  it("is bound late: what the global is when the call is made", async () => {
    let calls = 0;
    const options: { fetch: typeof fetch } = { fetch: async () => new Response(`${++calls}`) };
    const transport = opened({ fetch: (...args) => options.fetch(...args) });
    await transport.send(request());
    options.fetch = async () => new Response("other");
    expect((await transport.send(request())).body).toBe("other");
  });

  it("sees the names of the headers in the case of 0.2.0, and no redirect allowed", async () => {
    const seen: RequestInit[] = [];
    const transport = opened({
      fetch: async (_url, init) => {
        seen.push(init ?? {});
        return new Response("{}");
      },
    });
    await transport.send(request());
    expect(Object.keys(seen[0]?.headers ?? {})).toEqual(["Authorization", "DPoP", "Content-Type"]);
    expect(seen[0]).toMatchObject({ redirect: "manual", method: "POST", body: '{"a":"ä"}' });
  });
});

describe.each([
  ["undici 6", () => new undici6.MockAgent() as unknown as undici7.MockAgent],
  ["undici 7", () => new undici7.MockAgent()],
])("a MockAgent of %s", (_name, make) => {
  it("sees the case of the headers' names, and the body as a string", async () => {
    const agent = make();
    agent.disableNetConnect();
    const seen: { headers: unknown; body: unknown }[] = [];
    agent
      .get("http://gate:3000")
      .intercept({ path: "/v1/actions/echo/execute", method: "POST" })
      .reply(202, ({ headers, body }) => {
        seen.push({ headers, body });
        return { ok: true };
      });
    const transport = opened({ baseUrl: "http://gate:3000", dispatcher: agent });
    const response = await transport.send(request());
    expect([response.status, await response.json()]).toEqual([202, { ok: true }]);
    expect(seen).toEqual([
      {
        headers: {
          Authorization: "DPoP token-secret-1",
          DPoP: "proof-secret-1",
          "Content-Type": "application/json",
        },
        body: '{"a":"ä"}',
      },
    ]);
    expect(await failureOf(transport.send(request()))).toMatchObject({
      sent: false,
      code: "connect_failed",
    });
    await transport.close();
    agent.assertNoPendingInterceptors();
    await agent.close();
  });

  it("that answers with an error: it may have been sent", async () => {
    const agent = make();
    agent.disableNetConnect();
    const path = "/v1/actions/echo/execute";
    agent.get("http://gate:3000").intercept({ path, method: "POST" }).replyWithError(new Error("broken"));
    const transport = opened({ baseUrl: "http://gate:3000", dispatcher: agent });
    expect(await failureOf(transport.send(request()))).toMatchObject({ code: "lost", sent: true });
  });
});

describe("close()", () => {
  it("closes what the client has opened", async () => {
    const gate = await bareGate(answerExecuted);
    const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "a" });
    await client.execute("echo");
    expect(gate.connections.size).toBeGreaterThan(0);
    await client.close();
    while (gate.connections.size > 0) await new Promise(setImmediate);
    expect(await rejection(client.execute("echo"))).toMatchObject({
      name: "LatchGateTransportError",
      code: "closed",
      outcome: "not_executed",
      message: "transport error: the client is closed",
    });
  });

  it("closes no dispatcher that was given, and no transport that is shared", async () => {
    const gate = await bareGate(answerExecuted);
    const agent = closing(new undici7.Agent());
    const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "a", dispatcher: agent });
    expect(client.httpDispatcher).toBe(agent);
    await client.execute("echo");
    await client.close();
    expect(agent.closed).toBe(false);
    const shared = opened({ baseUrl: gate.baseUrl });
    const [one, other] = [1, 2].map(() => new LatchGateClient({ agentId: "a", transport: shared }));
    await one?.execute("echo");
    await one?.[Symbol.asyncDispose]();
    expect((await other?.execute("echo"))?.ok).toBe(true);
  });

  it("can be called twice, and before anything was sent", async () => {
    const client = new LatchGateClient({ baseUrl: "http://gate:3000" });
    await client.close();
    await client.close();
  });
});

it.each([
  ["a Unix socket", (path: string) => ({ socket: path })],
  ["TCP", (_path: string, baseUrl: string) => ({ baseUrl })],
  ["a Unix socket, node:http", (path: string) => ({ socket: path, carrier: "node:http" })],
])("nothing keeps a process alive after its last call, without close(): %s", async (name, options) => {
  const at = join(temporaryFolder(), "gate.sock");
  const gate = await bareGate(answerExecuted, name === "TCP" ? {} : { at });
  const code = `
    const { LatchGateClient } = await import("./src/index.ts");
    const client = new LatchGateClient({ agentId: "a", ...${JSON.stringify(options(at, gate.baseUrl))} });
    const { ok } = await client.execute("echo");
    const controller = new AbortController();
    await client.execute("echo", {}, { signal: controller.signal, timeoutMs: 600_000 });
    console.log(ok, Date.now());`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", code],
    { cwd: join(import.meta.dirname, "../..") },
  );
  const [ok, at_ = ""] = stdout.trim().split(" ");
  expect(ok).toBe("true");
  expect(Date.now() - Number(at_)).toBeLessThan(3_000);
});

it.each(["undici", "node:http"])(
  "a call given up while it connects does not keep its process, and one that uses the dispatcher alone does: %s",
  async (carrier) => {
    // It accepts, and says nothing to the TLS greeting.
    const silent = await rawServer(() => {});
    const gate = await bareGate((_request, response) => setTimeout(() => response.end("late"), 30));
    const code = `
    const { LatchGateClient } = await import("./src/index.ts");
    const { request } = await import("undici");
    const own = new LatchGateClient({ baseUrl: ${JSON.stringify(gate.baseUrl)} });
    const { body } = await request(${JSON.stringify(gate.baseUrl)}, { dispatcher: own.httpDispatcher });
    const text = await body.text();
    const client = new LatchGateClient({ agentId: "a", baseUrl: "https://localhost:${silent.port}", carrier: "${carrier}", retry: false, timeoutMs: 30 });
    const error = await client.execute("echo").catch((error) => error);
    console.log(text, error.outcome, Date.now());`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", code],
      { cwd: join(import.meta.dirname, "../..") },
    );
    const [text, outcome, ended] = stdout.trim().split(" ");
    expect([text, outcome]).toEqual(["late", "not_executed"]);
    expect(Date.now() - Number(ended)).toBeLessThan(3_000);
  },
);

it("a printed dispatcher shows where it goes, and nothing of what is under way", async () => {
  const gate = await bareGate(() => {});
  const client = new LatchGateClient({ baseUrl: gate.baseUrl, agentId: "a" });
  const controller = new AbortController();
  const call = client.execute("echo", {}, { signal: controller.signal });
  await vi.waitFor(() => expect(gate.calls).toHaveLength(1));
  const printed = inspect(client.httpDispatcher, { depth: 20, showHidden: true });
  controller.abort();
  await expect(call).rejects.toMatchObject({ code: "aborted" });
  expect(printed).toContain(gate.baseUrl);
  const secrets = secretsIn(gate.arrived);
  expect(secrets).toHaveLength(2);
  for (const secret of secrets) expect(printed).not.toContain(secret);
});

it("secretsIn finds what arrived, so that a test that finds none has looked", async () => {
  const gate = await bareGate(answerExecuted);
  const transport = opened({ baseUrl: gate.baseUrl });
  await transport.send(request());
  expect(secretsIn(gate.arrived)).toEqual(["proof-secret-1", "token-secret-1"]);
});
