import { createHash } from "node:crypto";
import { type Caller, MockGate, type MockRequest, type MockResponse } from "../../../src/testing/index.ts";
import { claimsFor, jwkThumbprint, signedProof } from "../by-hand.ts";
import { compareBodies } from "./compare.ts";
import { createNames, type Names } from "./names.ts";
import { type Exchange, type Json, partOf, recordingOf } from "./recordings.ts";
import { createSigner } from "./signer.ts";
import { createVirtualTime } from "./virtual.ts";
import { recordedWeb } from "./web.ts";
import type { Extra, WorldOfFile } from "./worlds.ts";

/** What a replay of one file came to. */
export interface Replay {
  readonly file: string;
  readonly same: number;
  readonly all: number;
  readonly complaints: readonly string[];
  /** What can't be replayed, and why. */
  readonly left: readonly string[];
  /** What the mock and the recording do not agree on in requests that the recording has not. */
  readonly extras: readonly string[];
  /** What was asked, as it is in the end, and what it calls things. */
  readonly gate: MockGate;
  readonly names: Names;
}

const HEADERS = ["allow", "content-length", "content-type", "date", "retry-after", "www-authenticate"];

interface Step {
  readonly at: number;
  run(): void;
  /** At once with the next one that says so. */
  readonly together: boolean | undefined;
}

/** Exchanges without an answer of the gate, by their error. */
const UNREPEATABLE = [
  ["EACCES", "another UID can't open the socket: needs a real UID"],
  ["HPE_INVALID_CONSTANT", "plain HTTP to a TLS port: needs TLS, done in mtls.test.ts"],
] as const;

/** Drives a mock with everything that a recorded gate was asked, at the recorded times. */
export async function replay(world: WorldOfFile): Promise<Replay> {
  const recording = recordingOf(world.file, world.run);
  const { exchanges, public_base_url: base } = recording;
  const operator = recording.operator ?? operatorOf(exchanges);
  const at = (timeOfDay: string) => Date.parse(`${world.date}T${timeOfDay}Z`);
  const time = createVirtualTime(at(world.started));
  const names = createNames();
  const signer = createSigner(names);
  const gate = new MockGate({
    ...world.options,
    now: time.now,
    timer: time.timer,
    publicBaseUrl: base,
    web: recordedWeb(exchanges),
    ...world.more?.(time),
    ...(operator && {
      operators: {
        default: { apiKey: operator.api_key, privateKey: signer.keyFor(operator.dpop_jkt).privateKey },
      },
    }),
  });
  const complaints = new Map<string, string[]>();
  const left = recording.others.map(
    ({ id, note }) => `${id}: a TLS handshake (${note}), done in mtls.test.ts`,
  );
  const extras: string[] = [];
  const steps: Step[] = [];

  function send(face: Exchange["socket"], request: MockRequest): Promise<MockResponse> {
    return face === "agent" ? gate.send(request) : gate.operatorSend(request);
  }

  function ask(exchange: Exchange): void {
    const { request, socket, response } = exchange;
    const wrong = ["no answer"];
    complaints.set(exchange.id, wrong);
    const drop = new AbortController();
    const sent = send(socket, {
      url: names.translate(request.path),
      method: request.method,
      headers: signer.headers(request.headers),
      body: signer.leaseBody(world.bodies?.[exchange.id] ?? bodyOf(exchange)),
      from: callerOf(exchange.transport),
      signal: drop.signal,
    });
    if (response.error !== undefined) time.timer(exchange.ms, () => drop.abort());
    void sent.then(
      async (found) => {
        const text = await found.text();
        wrong.splice(0, 1, ...differences(exchange, found, text));
      },
      () => wrong.splice(0, 1, ...(response.error === undefined ? ["the connection broke"] : [])),
    );
  }

  function differences({ response }: Exchange, found: MockResponse, text: string): string[] {
    const wrong: string[] = [];
    if (response.error !== undefined) return [`${response.error}, here an answer`];
    if (found.status !== response.status)
      wrong.push(`status ${response.status}, here ${found.status} ${text}`);
    for (const name of HEADERS) {
      const [recorded, ours] = [response.headers?.[name] ?? null, found.headers.get(name)];
      const same = ["content-length", "date"].includes(name)
        ? (recorded === null) === (ours === null)
        : recorded === ours;
      if (!same) wrong.push(`${name}: ${recorded}, here ${ours}`);
    }
    if (wrong.length > 0) return wrong;
    if (response.json === undefined) {
      // Of the metrics only their size was recorded; metrics.txt is another gate's.
      const recorded = names.translate(response.text ?? "");
      if (!/^<\d+ bytes>$/.test(recorded) && recorded !== text) wrong.push(`${recorded}, here ${text}`);
      return wrong;
    }
    const { compare, complaints: found2 } = compareBodies(names, at(world.started), world.rewritten);
    compare(response.json, JSON.parse(text));
    return found2;
  }

  /** A request that was made and not recorded. Its answer only gives names. */
  function add(extra: Extra): void {
    if (extra.act !== undefined) {
      extra.act(gate);
      return;
    }
    if (extra.lastReceipt !== undefined) {
      names.bind(extra.lastReceipt, gate.auditEvents.at(-1)?.receipt_id ?? "none");
      return;
    }
    const like = exchanges.find(({ id }) => id === extra.same);
    const drop = new AbortController();
    const request: MockRequest =
      like !== undefined
        ? {
            url: like.request.path,
            method: like.request.method,
            headers: signer.headers(like.request.headers),
            body: bodyOf(like),
          }
        : {
            url: names.translate(extra.path ?? ""),
            method: extra.method ?? "GET",
            headers: headersOf(extra),
            body: extra.body ?? (extra.as === undefined ? leaseFor("none") : ""),
          };
    const from: Caller = extra.uid === undefined ? {} : { uid: extra.uid };
    const sent = send(extra.as === "operator" ? "operator" : (like?.socket ?? "agent"), {
      ...request,
      from,
      signal: drop.signal,
    });
    if (extra.dropAfterMs !== undefined) time.timer(extra.dropAfterMs, () => drop.abort());
    void sent
      .then((found) => found.text())
      .then((text) => {
        if (extra.approvalId === undefined) return;
        const approvalId = (JSON.parse(text) as Json).approval_id as string | undefined;
        if (approvalId === undefined) extras.push(`${extra.at} opened no approval: ${text}`);
        else names.bind(extra.approvalId, approvalId);
      })
      .catch((error: unknown) => {
        if (extra.dropAfterMs === undefined) extras.push(`${extra.at} ${String(error)}`);
      });
  }

  function headersOf({ as, method = "GET", path = "", body, jti }: Extra): Record<string, string> {
    const typed = { "content-type": "application/json" };
    if (as === undefined) return typed;
    const [exchangeId = "", how] = as.split(" ").reverse();
    const recorded = exchanges.find(({ id }) => id === exchangeId)?.response.json as Json;
    const token = as === "operator" ? (operator?.api_key ?? "") : (recorded?.lease_jwt as string);
    const jkt = as === "operator" ? (operator?.dpop_jkt ?? "") : partOf(token, 1)?.["cnf"].jkt;
    const { privateKey, jwk } = signer.keyFor(jkt as string);
    const ours = names.translate(token);
    const [bare = ""] = names.translate(path).split("?");
    const claims = {
      ...claimsFor(ours, method, bare, time.now()),
      htu: `${base}${bare}`,
      ...(jti && { jti }),
    };
    const authorization = `DPoP ${how === "tampered" ? `${ours.slice(0, -8)}AAAAAAAA` : ours}`;
    return {
      ...(body === undefined || as !== "operator" ? {} : typed),
      authorization,
      ...(how === "unproved" ? {} : { dpop: signedProof(privateKey, jwk, claims) }),
    };
  }

  function leaseFor(jkt: string, claims: Record<string, Json> = {}): string {
    const { scope = ["tools:call"], budgets } = claims;
    return JSON.stringify({ scopes: scope, dpop_jwk: signer.keyFor(jkt).jwk, ...(budgets && { budgets }) });
  }

  /** A lease that is used and whose request was not recorded. */
  function lease(token: string, claims: Record<string, Json>): void {
    const headers = { "content-type": "application/json" };
    const body = leaseFor(claims["cnf"].jkt as string, claims);
    void gate
      .send({ url: "/v1/leases", method: "POST", headers, body })
      .then((found) => found.json())
      .then((answer) => {
        const { lease_jwt, session_id } = answer as Json;
        names.bind(token, lease_jwt);
        names.bind(claims["session_id"], session_id);
      });
  }

  for (const exchange of exchanges) {
    const why = UNREPEATABLE.find(([error]) => exchange.response.error?.startsWith(error))?.[1];
    if (why !== undefined) {
      left.push(`${exchange.id}: ${why}`);
      continue;
    }
    const shift = world.shifts?.[exchange.id] ?? 0;
    const together = world.together?.test(exchange.id);
    steps.push({ at: Date.parse(exchange.at) + shift, run: () => ask(exchange), together });
  }
  for (const extra of world.extras)
    steps.push({ at: at(extra.at), run: () => add(extra), together: extra.together });
  for (const [token, firstUsed] of unseenLeases(exchanges)) {
    const claims = partOf(token, 1) ?? {};
    const asked = Number.parseInt(String(claims["jti"]).replace("-", "").slice(0, 12), 16);
    steps.push({ at: Math.min(asked, firstUsed), run: () => lease(token, claims), together: false });
  }
  steps.sort((one, other) => one.at - other.at);
  while (steps.length > 0) {
    const count = steps[0]?.together
      ? Math.max(
          1,
          steps.findIndex(({ together }) => !together),
        )
      : 1;
    const now = steps.splice(0, count);
    await time.advanceTo(now[0]?.at ?? 0);
    for (const step of now) step.run();
    await time.settle();
  }
  await time.advanceTo(time.now() + 60_000);

  const wrong = [...complaints].filter(([, of]) => of.length > 0);
  return {
    file: world.file,
    same: complaints.size - wrong.length,
    all: complaints.size,
    complaints: wrong.flatMap(([id, of]) => of.map((what) => `${id}: ${what}`)),
    left,
    extras: [...extras, ...forgedHashes(world, exchanges)],
    gate,
    names,
  };
}

/** The operator of a recording that does not name one: as its requests do. */
function operatorOf(exchanges: readonly Exchange[]) {
  for (const { request } of exchanges) {
    const [, api_key] = /^DPoP (key-\S+)$/.exec(request.headers["authorization"] ?? "") ?? [];
    const jwk = partOf(request.headers["dpop"] ?? "", 0)?.["jwk"] as Json;
    if (api_key !== undefined && jwk !== undefined) return { api_key, dpop_jkt: jwkThumbprint(jwk) };
  }
  return undefined;
}

/** What was guessed of unrecorded parameters has to have a hash that was recorded. */
function forgedHashes(world: WorldOfFile, exchanges: readonly Exchange[]): string[] {
  const text = JSON.stringify(exchanges);
  return world.extras
    .filter(
      ({ approvalId, body }) => approvalId !== undefined && body !== undefined && !body.includes("/srv/"),
    )
    .filter(({ body = "" }) => !text.includes(sortedHash(body)))
    .map(({ at, body }) => `${at}: no recorded call has the hash of ${body}`);
}

function sortedHash(body: string): string {
  const members = Object.entries(JSON.parse(body) as object).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest("hex");
}

/** Leases that requests came with and no answer gave, and when each was used first. */
function unseenLeases(exchanges: readonly Exchange[]): Map<string, number> {
  const given = new Set(exchanges.map(({ response }) => (response.json as Json)?.lease_jwt as string));
  const unseen = new Map<string, number>();
  for (const { request, at } of exchanges) {
    const token = (request.headers["authorization"] ?? "").replace(/^DPoP +/, "");
    const used = Date.parse(at);
    if (token.startsWith("eyJ") && !given.has(token) && !unseen.has(token)) unseen.set(token, used);
  }
  return unseen;
}

function callerOf(transport: string): Caller {
  const uid = / as uid (\d+)$/.exec(transport)?.[1];
  if (uid !== undefined) return { transport: "uds", uid: Number(uid) };
  return { transport: transport === "uds" ? "uds" : "tcp" };
}

/** A body; large ones were recorded by their size. */
function bodyOf({ request: { body = "" } }: Exchange): string {
  const bytes = /^<(\d+) bytes>$/.exec(body)?.[1];
  return bytes === undefined ? body : JSON.stringify({ url: "x".repeat(Number(bytes) - 10) });
}
