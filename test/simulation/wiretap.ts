import { createHash } from "node:crypto";
import type { MockGate, MockRequest } from "latchgate-client/testing";
import type { Judge, Mark } from "./judge.ts";

/** Reads what one process sends, and knows what no client may ever send. */
export interface Wiretap {
  sending(path: string, request: MockRequest): Sent;
  answered(sent: Sent): void;
  /** What was sent came nowhere: nobody listened. */
  unsent(sent: Sent): void;
  received(sent: Sent, status: number, text: string | undefined): void;
  readonly sessions: ReadonlySet<string>;
  /** When the lease ends, by the process's own count, of the session that opened an approval which it has heard of. */
  endOfFollowing(approvalId: string): number | undefined;
}

export interface Sent {
  readonly isLease: boolean;
  readonly jti: string;
  readonly mark: Mark | undefined;
}

/** What a process may ask for. */
export interface Allowance {
  readonly maxCalls: number | undefined;
  readonly scopes: readonly string[];
  /** How often the process was told to start with a new budget. */
  connects: number;
}

interface Claims {
  readonly session_id: string;
  readonly cnf: { readonly jkt: string };
  readonly iat: number;
  readonly exp: number;
}

/** One for all processes: a proof must not be used twice by anybody. */
export type Proofs = Map<
  string,
  { readonly bytes: string; readonly first: number; copies: number; refusals: number }
>;

/** What the gate answers before it has looked whether it knows the proof, and what the same bytes may follow. */
const EARLY_REFUSAL = /"error":"(?:rate_limited|clock_error|replay_cache_unavailable)"/;
const SAME_BYTES_MS = 30_000;

export function createWiretap(
  gate: MockGate,
  judge: Judge,
  proofs: Proofs,
  allowance: Allowance,
  now: () => number,
): Wiretap {
  let leases = 0;
  const sessions = new Map<string, number>();
  const held = new Set<string>();
  const asked = new Set<string>();

  function checkProof(request: MockRequest, path: string): { jti: string; sessionId: string } {
    const headers = request.headers as Record<string, string>;
    const token = headers["Authorization"]?.replace(/^DPoP /, "") ?? "";
    const proof = headers["DPoP"] ?? "";
    const lease = partOf<Claims>(token, 1);
    const { jwk } = partOf<{ jwk: { kty: string; crv: string; x: string; y: string } }>(proof, 0);
    const { jti, ath } = partOf<{ jti: string; ath: string }>(proof, 1);
    const { crv, kty, x, y } = jwk;
    if (sha256(JSON.stringify({ crv, kty, x, y })) !== lease.cnf.jkt)
      judge.violation("one session per proof", `${path} was signed with another session's key`);
    if (sha256(token) !== ath) judge.violation("one session per proof", `${path} has another lease's ath`);
    const bytes = `${path}\n${token}\n${proof}\n${String(request.body)}`;
    const known = proofs.get(jti);
    if (known === undefined) proofs.set(jti, { bytes, first: now(), copies: 1, refusals: 0 });
    else {
      known.copies += 1;
      if (known.bytes !== bytes) judge.violation("a proof is for one request", `${path} reuses a jti`);
      if (known.copies > 2 + known.refusals)
        judge.violation("one second copy", `${path} was sent ${known.copies} times`);
      if (now() - known.first >= SAME_BYTES_MS)
        judge.violation("a second copy is young", `${path} was sent again after ${now() - known.first} ms`);
    }
    return { jti, sessionId: lease.session_id };
  }

  function checkLease(body: string): void {
    if (leases > 0) judge.violation("one lease at a time", "two lease requests are in flight");
    const { scopes, budgets } = JSON.parse(body) as { scopes: string[]; budgets?: { max_calls: number } };
    if (scopes.join() !== allowance.scopes.join())
      judge.violation("scopes stay", `a lease was asked for ${scopes.join()}`);
    const { maxCalls, connects } = allowance;
    // What is asked again says what was left when it was asked first; the client itself counts the calls since then.
    if (maxCalls === undefined || asked.has(body)) return;
    asked.add(body);
    const used = gate.effects.filter(
      (effect) => sessions.has(effect.sessionId) && judge.isCounted(effect),
    ).length;
    const most = connects > 0 ? maxCalls : maxCalls - used;
    if (budgets === undefined || budgets.max_calls > most)
      judge.violation(
        "the budget stays",
        `a lease was asked for ${budgets?.max_calls ?? "any number of"} calls, ${most} are left`,
      );
  }

  function checkPoll(path: string, session: string): void {
    const approvalId = path.split("/")[3] ?? "";
    const owner = gate.approvals.find((approval) => approval.approvalId === approvalId)?.sessionId;
    if (owner !== session && held.has(approvalId))
      judge.violation(
        "polled by its own session",
        "an approval was polled with another session than its own",
      );
  }

  return {
    sending(path, request) {
      const isLease = path === "/v1/leases";
      if (isLease) {
        checkLease(String(request.body));
        leases += 1;
        return { isLease, jti: "", mark: undefined };
      }
      const { jti, sessionId } = checkProof(request, path);
      if (path.endsWith("/poll")) checkPoll(path, sessionId);
      if (!path.endsWith("/execute")) return { isLease, jti, mark: undefined };
      const { marker } = JSON.parse(String(request.body)) as { marker: number };
      return { isLease, jti, mark: judge.markOf(marker) };
    },
    answered({ isLease }) {
      if (isLease) leases -= 1;
    },
    unsent({ jti }) {
      const proof = proofs.get(jti);
      if (proof !== undefined) proof.copies -= 1;
    },
    received({ isLease, jti }, status, text) {
      const proof = proofs.get(jti);
      if (proof !== undefined && EARLY_REFUSAL.test(text ?? "")) proof.refusals += 1;
      const approvalId = status === 202 ? /"approval_id":"([^"]+)"/.exec(text ?? "")?.[1] : undefined;
      if (approvalId !== undefined) held.add(approvalId);
      if (!isLease || status !== 200 || !text?.startsWith('{"lease_jwt')) return;
      const { lease_jwt } = JSON.parse(text) as { lease_jwt: string };
      const { session_id, iat, exp } = partOf<Claims>(lease_jwt, 1);
      sessions.set(session_id, now() + (exp - iat - 1) * 1_000);
    },
    get sessions() {
      return new Set(sessions.keys());
    },
    endOfFollowing(approvalId) {
      if (!held.has(approvalId)) return undefined;
      const owner = gate.approvals.find((approval) => approval.approvalId === approvalId)?.sessionId;
      return owner === undefined ? undefined : sessions.get(owner);
    },
  };
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");

function partOf<Part>(token: string, index: number): Part {
  return JSON.parse(Buffer.from(token.split(".")[index] ?? "", "base64url").toString()) as Part;
}
