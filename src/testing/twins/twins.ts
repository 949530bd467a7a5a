import { createHash, type KeyObject, randomUUID, sign } from "node:crypto";
import type {
  ClientFactory,
  ConformanceClient,
  ConformanceOptions,
  ConformanceSetup,
  ExecuteRequest,
} from "../conformance/conforming.ts";
import { newP256KeyPair } from "../formats/keys.ts";
import type { Flaw } from "./flaws.ts";

/**
 * A small client that is right but for one flaw; without a flaw it is right. Put it in the place of your own client: a
 * test of yours that stays green with the flaw it is there for can't fail.
 *
 * ```ts
 * const client = twin("retries 500")({ fetch: gate.fetch, now: gate.now, baseUrl, publicBaseUrl: gate.publicBaseUrl });
 * ```
 */
export function twin(flaw?: Flaw): ClientFactory {
  return (setup) => createTwin(setup, (name) => name === flaw);
}

/** How a twin's call ends when it does not end well. */
class TwinError extends Error {
  readonly outcome: "not_executed" | "unknown";
  readonly approvalId: string | undefined;

  constructor(message: string, outcome: TwinError["outcome"], approvalId?: string) {
    super(message);
    this.outcome = outcome;
    this.approvalId = approvalId;
  }
}

interface TwinSession {
  readonly token: string;
  readonly key: KeyObject;
  readonly jwk: Readonly<Record<string, string | undefined>>;
  readonly until: number;
}

interface Heard {
  readonly status: number;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

const TRIES = 3;
const TIMEOUT_MS = 5_000;

interface Parts {
  readonly setup: ConformanceSetup;
  readonly is: (flaw: Flaw) => boolean;
}

function createTwin(setup: ConformanceSetup, is: (flaw: Flaw) => boolean): ConformanceClient {
  const parts = { setup, is };
  const leases = createLeases(parts);
  const send = createSend(parts);
  const proofOf = createProofs(parts);
  const holds = new Map<string, { readonly session: TwinSession; readonly request: ExecuteRequest }>();
  const once = new Map<string, Promise<{ ok: boolean }>>();

  async function execute(request: ExecuteRequest): Promise<{ ok: boolean }> {
    const path = `/v1/actions/${request.actionId}/execute`;
    let renewed = false;
    let last: string | undefined;
    for (let tries = 1; ; tries += 1) {
      const own = await leases.ready();
      const proof = last !== undefined && is("reuses a proof on retry") ? last : proofOf(own, "POST", path);
      last = proof;
      leases.take();
      const more = tries < TRIES;
      const heard = await heardOf(own, proof, path, request, more);
      if (heard === undefined) continue;
      const { status, code } = heard;
      if (status === 200 || status === 202) return resultOf(heard, own, request);
      if (is("takes replay_detected as retryable") && code === "replay_detected" && more) continue;
      if (RETRIED.some(([flaw, wrong]) => is(flaw) && status === wrong) && more) continue;
      const why = is("prints the lease in an error") ? `refused with ${own.token}` : `refused with ${status}`;
      if (mayHaveRun(heard)) throw new TwinError(why, "unknown");
      leases.giveBack();
      const dead = code === "lease_expired" || code === "invalid_lease";
      if (dead && !is("keeps a dead lease") && !renewed) {
        renewed = true;
        leases.end(own);
        continue;
      }
      if (!more || (status !== 429 && status !== 503) || code === "draining")
        throw new TwinError(why, "not_executed");
      const asked = is("ignores Retry-After") ? 0 : (heard.retryAfterMs ?? 50);
      await new Promise((resolve) => setTimeout(resolve, asked));
    }
  }

  /** What is heard of one try; undefined where another with a fresh proof is right. */
  async function heardOf(
    own: TwinSession,
    proof: string,
    path: string,
    { params, options = {} }: ExecuteRequest,
    more: boolean,
  ): Promise<Heard | undefined> {
    const body = is("drops the body") ? "{}" : JSON.stringify(params);
    const late = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal]);
    try {
      return await send(own, proof, "POST", path, { body, signal });
    } catch (error) {
      if (is("swallows an abort") && options.signal?.aborted) return new Promise<never>(() => {});
      if (is("retries after a timeout") && late.aborted && more) return undefined;
      if (isRefused(error)) {
        leases.giveBack();
        if (more) return undefined;
        throw new TwinError("the gate is away", "not_executed");
      }
      if (is("signs afresh after a lost connection") && !signal.aborted && more) return undefined;
      const lost = is("calls a lost call not executed") ? "not_executed" : "unknown";
      if (signal.aborted || isAnswering(error)) throw new TwinError("the call was lost", lost);
      // A gate takes a proof once: the same bytes again do not run twice.
      const second = await send(own, proof, "POST", path, { body, signal }).catch(() => undefined);
      if (second !== undefined && isEarly(second) && is("signs afresh when the second copy is throttled"))
        return undefined;
      if (second === undefined || isEarly(second)) throw new TwinError("the call was lost", lost);
      return second;
    }
  }

  function resultOf({ status, body }: Heard, own: TwinSession, request: ExecuteRequest): { ok: boolean } {
    if (status === 202 && !is("takes 202 as done")) {
      const approvalId = String(body?.["approval_id"]);
      holds.set(approvalId, { session: own, request });
      throw new TwinError("an operator is to decide", "not_executed", approvalId);
    }
    if (status === 202 || (body === undefined && is("believes a page of HTML"))) return { ok: true };
    if (body === undefined) throw new TwinError("no answer that can be read", "unknown");
    const { output, verification } = body as {
      output?: { ok?: boolean };
      verification?: { is_fully_successful?: boolean };
    };
    const successful = verification?.is_fully_successful === true;
    return { ok: successful && (output?.ok !== false || is("reports ok: false as success")) };
  }

  return {
    connect: leases.connect,
    execute(actionId, params, options = {}) {
      const request = { actionId, params, options };
      const { callId } = options;
      if (callId === undefined || is("executes twice with one callId")) return execute(request);
      const running = once.get(callId) ?? execute(request);
      once.set(callId, running);
      return running;
    },
    async getApprovalStatus(approvalId) {
      const held = holds.get(approvalId);
      const own =
        held === undefined || is("polls with the new session") ? await leases.ready() : held.session;
      const path = `/v1/approvals/${approvalId}/poll`;
      const { status, body } = await send(own, proofOf(own, "GET", path), "GET", path, {});
      if (status !== 200) throw new TwinError(`no status: ${status}`, "not_executed");
      if (body?.["status"] === "approved" && held !== undefined && is("executes again after an approval"))
        await execute(held.request).catch(() => {});
      return { status: String(body?.["status"]) };
    },
  };
}

/** The session that calls are made in, and what is left of its budget. */
function createLeases({ setup: { fetch, now, baseUrl }, is }: Parts) {
  let wanted: ConformanceOptions = {};
  let left: number | undefined;
  let session: TwinSession | undefined;
  let flight: Promise<TwinSession> | undefined;

  async function ask(again: boolean): Promise<TwinSession> {
    const { privateKey, jwk: point } = newP256KeyPair();
    const jwk = { kty: "EC", crv: "P-256", ...point };
    const scopes =
      again && is("drops scopes at renewal") ? ["tools:call"] : (wanted.scopes ?? ["tools:call"]);
    const calls = again && is("drops the budget at renewal") ? wanted.maxCalls : left;
    const body = { scopes, dpop_jwk: jwk, ...(calls === undefined ? {} : { budgets: { max_calls: calls } }) };
    const response = await fetch(`${baseUrl}/v1/leases`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new TwinError(`no lease: ${response.status}`, "not_executed");
    const { lease_jwt: token, expires_at } = (await response.json()) as {
      lease_jwt: string;
      expires_at: string;
    };
    return { token, key: privateKey, jwk, until: Date.parse(expires_at) - 2_000 };
  }

  return {
    async connect(options: ConformanceOptions = {}): Promise<void> {
      wanted = options;
      left = options.maxCalls;
      session = await ask(false);
    },
    /** The session to use now. There is no renewal at a gate: a new one is asked for what is left. */
    async ready(): Promise<TwinSession> {
      if (session !== undefined && now() < session.until) return session;
      if (left === 0) throw new TwinError("the budget is used up", "not_executed");
      const again = session !== undefined;
      if (is("takes two leases for parallel calls")) {
        session = await ask(again);
        return session;
      }
      flight ??= ask(again).finally(() => {
        flight = undefined;
      });
      session = await flight;
      return session;
    },
    take(): void {
      if (left === 0) throw new TwinError("the budget is used up", "not_executed");
      if (left !== undefined) left -= 1;
    },
    giveBack(): void {
      if (left !== undefined) left += 1;
    },
    /** The gate has refused this session's lease. */
    end(own: TwinSession): void {
      if (session === own) session = { ...own, until: 0 };
    },
  };
}

function createProofs({ setup: { now, baseUrl, publicBaseUrl }, is }: Parts) {
  const onlyJti = randomUUID();
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return ({ token, key, jwk }: TwinSession, method: string, path: string): string => {
    const base = is("signs for the address instead of the public URL") ? baseUrl : publicBaseUrl;
    const claims = {
      jti: is("uses one jti for all") ? onlyJti : randomUUID(),
      htm: is("signs for another method") ? "PUT" : method,
      htu: `${base}${path}`,
      iat: Math.floor(now() / 1_000),
      ...(is("forgets ath") ? {} : { ath: createHash("sha256").update(token).digest("base64url") }),
    };
    const input = `${part({ typ: "dpop+jwt", alg: "ES256", jwk })}.${part(claims)}`;
    const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64url")}`;
  };
}

function createSend({ setup: { fetch, baseUrl }, is }: Parts) {
  return async (
    { token }: TwinSession,
    proof: string,
    method: string,
    path: string,
    init: { readonly body?: string; readonly signal?: AbortSignal },
  ): Promise<Heard> => {
    const headers: Record<string, string> = is("signs nothing")
      ? {}
      : { authorization: `DPoP ${token}`, dpop: proof };
    const request = { method, headers: { ...headers, "content-type": "application/json" }, ...init };
    let response = await fetch(`${baseUrl}${path}`, { ...request, redirect: "manual" });
    const location = response.headers.get("location");
    if (location !== null && is("follows redirects"))
      response = await fetch(new URL(location, baseUrl), request);
    const text = await response.text().catch((cause: unknown) => {
      if (is("believes half an answer"))
        return '{"output":{"ok":true},"verification":{"is_fully_successful":true}}';
      throw new Error("the answer broke off", { cause: { cause, answering: true } });
    });
    const body = parsed(text);
    const seconds = response.headers.get("retry-after");
    return {
      status: response.status,
      code: typeof body?.["error"] === "string" ? body["error"] : undefined,
      retryAfterMs: seconds === null ? undefined : Number(seconds) * 1_000,
      body,
    };
  };
}

const RETRIED = [
  ["retries 422", 422],
  ["retries 500", 500],
  ["retries 502", 502],
] as const satisfies readonly (readonly [Flaw, number])[];

/** The 503 after which surely nothing has run. */
const SURE = new Set([
  "draining",
  "clock_error",
  "store_unavailable",
  "budget_store_unavailable",
  "replay_cache_unavailable",
  "policy_engine_unavailable",
  "policy_engine_timeout",
  "policy_engine_invalid_response",
]);

const mayHaveRun = ({ status, code }: Heard) =>
  status >= 500
    ? code === undefined || !SURE.has(code)
    : status === 422 || code === "replay_detected" || status < 400;

/** Whether the gate can give this answer before it has looked whether it knows the proof. */
const isEarly = ({ status, code }: Heard) =>
  status === 401 || status === 429 || code === "draining" || code === "replay_cache_unavailable";

const isRefused = (error: unknown) =>
  ((error as Error).cause as { code?: string } | undefined)?.code === "ECONNREFUSED";
const isAnswering = (error: unknown) =>
  ((error as Error).cause as { answering?: boolean } | undefined)?.answering === true;

function parsed(text: string): Heard["body"] {
  try {
    return JSON.parse(text) as Heard["body"];
  } catch {
    return undefined;
  }
}
