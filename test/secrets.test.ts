import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as errors from "latchgate-client";
import {
  createAgentApi,
  createMemoryJournal,
  createTransport,
  type DispatcherLike,
  DPoPKeyPair,
  type JournalEntry,
  LatchGateApprovalRequired,
  LatchGateClient,
  LatchGateError,
} from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { echoes, shapes, statuses, thrown } from "./faults/echoes.ts";
import { ID } from "./faults/hostile-answers.ts";
import { leaksOf, leakTable } from "./faults/sinks.ts";
import {
  type Answer,
  answerJson,
  type BareGate,
  bareGate,
  encode,
  executed,
  leaseBody,
  leaseToken,
  rejection,
  secretsIn,
  temporaryFolder,
} from "./support/bare.ts";
import { certificates } from "./support/certificates.ts";
import { newKeyPair } from "./support/keys.ts";

const covered = new Set<string>();

function check(value: unknown, secrets: readonly string[], name = nameOf(value)): void {
  expect(secrets.length).toBeGreaterThan(0);
  for (let at = value; at instanceof LatchGateError; at = at.cause) covered.add(at.name);
  expect(leaksOf(name, value, secrets)).toEqual([]);
}

const nameOf = (value: unknown) => (value instanceof Error ? value.name : typeof value);

afterAll(() => console.log(leakTable()));

function clientOf(
  gate: BareGate,
  over: ConstructorParameters<typeof LatchGateClient>[0] = {},
): LatchGateClient {
  const client = new LatchGateClient({
    baseUrl: gate.baseUrl,
    agentId: "t",
    retry: false,
    timeoutMs: 2_000,
    ...over,
  });
  onTestFinished(() => client.close());
  return client;
}

describe("a server that gives back what it was sent", () => {
  it.each(Object.entries(shapes))("as %s finds nothing of it in an error", async (_name, shape) => {
    let now: readonly [number, string] = [500, ""];
    const gate = await bareGate((request, response) => {
      const { body, headers = {} } = shape(echoes(request).all, now[1]);
      response.sendDate = false;
      response.writeHead(now[0], { "content-type": "application/json", ...headers }).end(body);
    });
    const client = clientOf(gate);
    await client.connect();
    for (now of statuses) {
      check(await rejection(client.execute("echo", { a: 1 })), secretsIn(gate.arrived));
      check(await rejection(client.getReceipt(ID)), secretsIn(gate.arrived));
      check(await rejection(client.getApprovalStatus(ID)), secretsIn(gate.arrived));
      const call = client.api.POST("/v1/actions/{action_id}/execute", {
        params: { path: { action_id: "echo" } },
        body: {},
      });
      const error: unknown = await call.then((answer) => answer.error).catch((thrown: unknown) => thrown);
      check(error, secretsIn(gate.arrived), "api error");
    }
  });

  it("in an answer that holds the action finds nothing of it in what waits, and how that ends", async () => {
    let poll: (all: string) => object = () => ({ status: "pending", retry_after_seconds: 2 });
    const gate = await bareGate((request, response) => {
      const { all } = echoes(request);
      if (request.path.endsWith("/poll")) answerJson(response, 200, poll(all));
      else
        answerJson(response, 202, {
          decision: "pending_approval",
          approval_id: ID,
          trace_id: all,
          request_hash: all,
        });
    });
    const client = clientOf(gate);
    const held = await rejection(client.execute("echo"));
    expect(held).toBeInstanceOf(LatchGateApprovalRequired);
    check(held, secretsIn(gate.arrived));
    for (const status of ["denied", "failed", "odd"]) {
      poll = (all) => ({ status, reason: all, [all]: all });
      check(
        await rejection(client.waitForApproval(held as LatchGateApprovalRequired)),
        secretsIn(gate.arrived),
      );
    }
  });

  it("in an unreadable answer of success finds nothing of it", async () => {
    const gate = await bareGate((request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(`{"${echoes(request).all}`);
    });
    check(await rejection(clientOf(gate).execute("echo")), secretsIn(gate.arrived));
    check(await rejection(clientOf(gate).getReceipt(ID)), secretsIn(gate.arrived));
  });
});

it.each<[string, number, (token: string) => unknown]>([
  ["in its place, with a status of none", 201, (token) => leaseBody(token)],
  ["in its place, with an error", 500, (token) => leaseBody(token)],
  ["deeper", 403, (token) => ({ error: "odd", data: { lease: { lease_jwt: token } } })],
  ["in a word", 403, (token) => ({ error: token })],
  ["without a session", 200, (token) => ({ lease_jwt: `${token} ` })],
])("a lease %s is not in the error that connect() ends with", async (_where, status, body) => {
  const token = leaseToken();
  const gate = await bareGate(() => {}, {});
  gate.server.removeAllListeners("request");
  gate.server.on("request", (request, response) => {
    request.resume();
    request.on("end", () => answerJson(response, status, body(token)));
  });
  check(await rejection(clientOf(gate).connect()), [token]);
});

describe("errors of what carries the bytes", () => {
  const carried = async (
    carrier: (request: Record<string, string>) => unknown,
    by: "fetch" | "dispatcher",
  ) => {
    const secrets: string[] = [];
    const fail = (headers: Record<string, string>): never => {
      secrets.push(
        ...["Authorization", "DPoP"].flatMap((name) => headers[name]?.replace(/^DPoP /, "") ?? []),
      );
      throw carrier(headers);
    };
    const fetch = async (input: unknown, init?: { headers?: unknown }) =>
      String(input).endsWith("/v1/leases")
        ? Response.json(leaseBody())
        : fail(init?.headers as Record<string, string>);
    const dispatcher: DispatcherLike = {
      async request({ path, headers }) {
        if (!path.endsWith("/v1/leases")) return fail(headers);
        const body = (async function* () {
          yield Buffer.from(JSON.stringify(leaseBody()));
        })();
        return { statusCode: 200, headers: {}, body };
      },
    };
    const carriedBy = by === "fetch" ? { fetch: fetch as typeof globalThis.fetch } : { dispatcher };
    const client = new LatchGateClient({
      baseUrl: "http://localhost:3000",
      agentId: "t",
      retry: false,
      ...carriedBy,
    });
    check(await rejection(client.execute("echo")), secrets, `${by}'s error`);
  };
  it.each(Object.entries(thrown))("%s do not carry it on", async (_name, carrier) => {
    await carried(carrier, "fetch");
    await carried(carrier, "dispatcher");
  });

  it("refused certificates, lost connections and redirects name no secret", async () => {
    const { ca, cert, key } = certificates();
    const gate = await bareGate((_request, response) => response.destroy(), { tls: { cert, key } });
    const own = newKeyPair().privateKey;
    const pem = own.export({ type: "pkcs8", format: "pem" }).toString();
    const secrets = () => [...secretsIn(gate.arrived), pem];
    check(await rejection(clientOf(gate).execute("echo")), secrets(), "TLS error");
    check(
      await rejection((async () => clientOf(gate, { tls: { ca, cert, key: pem } }).execute("echo"))()),
      secrets(),
      "TLS error",
    );
    check(await rejection(clientOf(gate, { tls: { ca } }).execute("echo")), secrets());
    const closed = clientOf(gate, { tls: { ca } });
    await closed.close();
    check(await rejection(closed.execute("echo")), secrets());
  });
});

describe("what lives while a program runs", () => {
  it("the client and its parts, its events, its session and its journal show none of it", async () => {
    const gate = await bareGate((request, response) => {
      if (request.path.includes("receipts")) answerJson(response, 500, {});
      else answerJson(response, 200, executed);
    });
    const events: unknown[] = [];
    const memory = createMemoryJournal();
    const noted: [string, JournalEntry][] = [];
    const journal = {
      ...memory,
      set: async (id: string, entry: JournalEntry) => {
        noted.push([id, entry]);
        await memory.set(id, entry);
      },
    };
    const transport = createTransport({ baseUrl: gate.baseUrl });
    onTestFinished(() => transport.close());
    const options = { agentId: "t", journal, transport, onEvent: (event: unknown) => events.push(event) };
    const client = new LatchGateClient(options);
    const result = await client.execute("echo", {}, { callId: "one" });
    await client.connect({ maxCalls: 3 });
    const api = createAgentApi({ baseUrl: gate.baseUrl });
    onTestFinished(() => api.close());
    await api.POST("/v1/actions/{action_id}/execute", { params: { path: { action_id: "echo" } }, body: {} });
    const secrets = secretsIn(gate.arrived);
    expect(events).toHaveLength(2);
    expect(noted).toHaveLength(1);
    const again = await rejection(client.execute("echo", {}, { callId: "one" }));
    const values = {
      client,
      api,
      transport,
      events,
      noted,
      result,
      session: client.session,
      clientApi: client.api,
    };
    for (const [name, value] of Object.entries(values)) check(value, secrets, name);
    check(again, secrets);
  });

  it("a proof key shows neither its PEM nor its d, whole or broken", async () => {
    const { privateKey } = newKeyPair();
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const sec1 = privateKey.export({ type: "sec1", format: "pem" }).toString();
    const d = String(privateKey.export({ format: "jwk" }).d);
    const secrets = [pem, sec1, d];
    check(await DPoPKeyPair.fromPem(pem), secrets, "DPoPKeyPair");
    const file = join(temporaryFolder(), "key.pem");
    writeFileSync(file, pem.replace("MIG", "XXX"), { mode: 0o600 });
    check(await rejection(DPoPKeyPair.fromPemFile(file)), secrets);
    check(await rejection(DPoPKeyPair.fromPem(pem.replace("PRIVATE", "PUBLIC"))), secrets);
    const rsa = newKeyPair("rsa", { modulusLength: 2048 }).privateKey;
    const other = rsa.export({ type: "pkcs8", format: "pem" }).toString();
    check(await rejection(DPoPKeyPair.fromPem(other)), [other]);
  });
});

/** Whatever the operator's client meets, its api key, proof and private key stay with it. */
it("an operator's client, and its errors, show neither api key nor key nor proof", async () => {
  const apiKey = `lgk_${encode({ canary: ID })}`;
  const { privateKey } = newKeyPair();
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  let status = 500;
  const answer: Answer = (request, response) =>
    answerJson(response, status, {
      error: "odd",
      deny_reason: echoes(request).all,
      message: echoes(request).all,
    });
  const gate = await bareGate(answer);
  const operator = new LatchGateOperator({ baseUrl: gate.baseUrl, apiKey, privateKey: pem, retry: false });
  onTestFinished(() => operator.close());
  const secrets = () => [
    apiKey,
    pem,
    String(privateKey.export({ format: "jwk" }).d),
    ...secretsIn(gate.arrived),
  ];
  for (status of [400, 401, 403, 404, 409, 422, 429, 500, 503]) {
    check(await rejection(operator.status()), secrets(), "operator error");
    check(await rejection(operator.approvals.approve(ID)), secrets(), "operator error");
    check(await rejection(operator.approvals.deny(ID, "no")), secrets(), "operator error");
  }
  expect(secretsIn(gate.arrived)).toContain(apiKey);
  check(operator, secrets(), "operator");
  check(operator.api, secrets(), "operator api");
  for (const bad of [
    { apiKey: `${apiKey}\n` },
    { privateKey: pem.replace("MIG", "XXX") },
    { apiKey, privateKey: apiKey },
  ])
    check(
      await rejection((async () => new LatchGateOperator({ apiKey, privateKey: pem, ...bad }))()),
      secrets(),
      "operator options",
    );
});

it("every class of error that a call can end with was among them", () => {
  const classes = Object.keys(errors).filter(
    (name) => name.startsWith("LatchGate") && name !== "LatchGateClient",
  );
  const rest = classes.filter((name) => !covered.has(name));
  // These say nothing that came from outside, or are the base of others.
  expect(rest.sort()).toEqual([
    "LatchGateApprovalExpired",
    "LatchGateApprovalLost",
    "LatchGateError",
    "LatchGateJournalError",
    "LatchGateNotConnected",
  ]);
});
