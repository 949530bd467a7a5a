import { decodeJwt } from "jose/jwt/decode";
import type { CallBudget, CallSession } from "../call/call-state.ts";
import type { components } from "../generated/agent.ts";
import { computeAth, type DPoPKeyPair } from "../proof/dpop.ts";
import { LatchGateTransportError } from "../vocabulary/errors.ts";

export type LeaseAnswer = components["schemas"]["Lease"];

/** A session as a program may see it: never the token. */
export interface SessionView {
  readonly sessionId: string;
  readonly leaseJti: string;
  /** Who the gate takes the caller for; undefined where the lease can't be read. */
  readonly principal: string | undefined;
  readonly scopes: readonly string[];
  readonly fsRoot: string | undefined;
  readonly expiresAt: Date;
  /** Calls left of the budget as far as this client knows; undefined without a budget. */
  readonly callsLeft: number | undefined;
}

/** A unit of a budget that a held call takes until it is known whether it runs. */
export interface HeldUnit {
  /** Whether that is not known yet. */
  readonly isOpen: boolean;
  /** The call will not run, and is not charged any more (contract agent.md 7). */
  giveBack(): void;
  /** It has run, or may have: the unit is used, whatever comes. */
  keep(): void;
}

/** A budget of calls. It outlives a lease: a renewal asks the gate for what is left of it. */
export class Budget implements CallBudget {
  readonly #limit: number | undefined;
  #used = 0;

  constructor(limit: number | undefined) {
    this.#limit = limit;
  }

  get left(): number | undefined {
    return this.#limit === undefined ? undefined : this.#limit - this.#used;
  }

  take(): boolean {
    if (this.left === 0) return false;
    this.#used += 1;
    return true;
  }

  giveBack(): void {
    this.#used -= 1;
  }

  /** The unit that a call has taken, now that it is held. */
  hold(): HeldUnit {
    let isOpen = true;
    return {
      get isOpen() {
        return isOpen;
      },
      giveBack: () => {
        if (isOpen) this.giveBack();
        isOpen = false;
      },
      keep: () => {
        isOpen = false;
      },
    };
  }
}

/** One lease with its key: a request takes one of these and uses nothing else. Only its budget changes. */
export class Session implements CallSession {
  readonly key: DPoPKeyPair;
  readonly ath: string;
  readonly budget: Budget;
  readonly sessionId: string;
  readonly leaseJti: string;
  readonly principal: string | undefined;
  readonly scopes: readonly string[];
  readonly fsRoot: string | undefined;
  readonly expiresAt: Date;
  readonly #token: string;
  readonly #authorization: string;
  readonly #life: Life;
  readonly #bornAt: number;
  readonly #bornNow: number;

  constructor(answer: LeaseAnswer, made: { key: DPoPKeyPair; budget: Budget; bornAt: number; now: number }) {
    const claims = claimsOf(answer.lease_jwt);
    this.key = made.key;
    this.budget = made.budget;
    this.#bornAt = made.bornAt;
    this.#bornNow = made.now;
    this.#token = answer.lease_jwt;
    this.#authorization = `DPoP ${answer.lease_jwt}`;
    this.ath = computeAth(answer.lease_jwt);
    this.sessionId = answer.session_id;
    this.leaseJti = answer.lease_jti;
    this.principal = claims.sub;
    this.scopes = claims.scope ?? [];
    this.fsRoot = answer.fs_root;
    const expiresAt = new Date(answer.expires_at);
    this.#life = lifeOf(claims, expiresAt.getTime() - made.now);
    this.expiresAt = Number.isNaN(expiresAt.getTime()) ? new Date(made.now + this.#life.leftMs) : expiresAt;
  }

  authorization(): string {
    return this.#authorization;
  }

  get token(): string {
    return this.#token;
  }

  /** Whether the lease is to be used as it is, used while a new one is fetched, or not used before there is one. */
  state(monotonic: number, now: number): "fresh" | "ageing" | "ending" | "ended" {
    const left = this.#leftByBoth(monotonic, now);
    if (left > this.#life.renewBelowMs) return "fresh";
    if (left > this.#life.waitBelowMs) return "ageing";
    return left > 0 ? "ending" : "ended";
  }

  /** Whether more than half of its life is left. */
  isYoung(monotonic: number, now: number): boolean {
    return this.#leftByBoth(monotonic, now) > this.#life.leftMs / 2;
  }

  hasEnded(monotonic: number, now: number): boolean {
    return this.#leftByBoth(monotonic, now) <= 0;
  }

  /** A machine that slept was older when it woke up, and its monotonic clock may not say so. */
  #leftByBoth(monotonic: number, now: number): number {
    return Math.min(this.leftMs(monotonic), this.#life.leftMs - (now - this.#bornNow));
  }

  leftMs(monotonic: number): number {
    return this.#life.leftMs - (monotonic - this.#bornAt);
  }

  view(): SessionView {
    const { sessionId, leaseJti, principal, scopes, fsRoot, expiresAt } = this;
    return Object.freeze({
      sessionId,
      leaseJti,
      principal,
      scopes,
      fsRoot,
      expiresAt,
      callsLeft: this.budget.left,
    });
  }
}

/** Checks an answer of the gate for what a session is built on. */
export function checkedLease(answer: Partial<LeaseAnswer>): LeaseAnswer {
  const { lease_jwt, session_id, lease_jti, expires_at, fs_root } = answer;
  // Visible ASCII only: anything else could not be sent in a header.
  if (typeof lease_jwt !== "string" || !/^[\x21-\x7e]+$/.test(lease_jwt)) throw badLease("lease_jwt");
  const claims = claimsOf(lease_jwt);
  const sessionId = session_id ?? claims.session_id;
  if (typeof sessionId !== "string" || sessionId === "") throw badLease("session_id");
  return {
    lease_jwt,
    session_id: sessionId,
    lease_jti: typeof lease_jti === "string" ? lease_jti : (claims.jti ?? ""),
    expires_at:
      typeof expires_at === "string" ? expires_at : new Date((claims.exp ?? Number.NaN) * 1000).toString(),
    ...(typeof fs_root === "string" ? { fs_root } : {}),
  };
}

const badLease = (member: string) =>
  new LatchGateTransportError(`the gate's lease answer has no usable ${member}`, {
    code: "unreadable_answer",
  });

interface LeaseClaims {
  readonly sub?: string;
  readonly jti?: string;
  readonly session_id?: string;
  readonly scope?: readonly string[];
  readonly exp?: number;
  readonly iat?: number;
}

/** What the lease says of itself. Other people's mocks hand out text that is no JWT. */
function claimsOf(token: string): LeaseClaims {
  try {
    return decodeJwt(token) as LeaseClaims;
  } catch {
    return {};
  }
}

interface Life {
  readonly leftMs: number;
  /** With less left than this a new lease is fetched beside the call… */
  readonly renewBelowMs: number;
  /** …and with less than this before it. */
  readonly waitBelowMs: number;
}

const ASSUMED_LIFE_MS = 300_000;

/**
 * A lease's life from its own claims, never by comparing the gate's clock with this one's. Where they can't be read
 * (in a mock), the gate's default life, and `expires_at` for how much of it is left.
 */
function lifeOf({ exp, iat }: LeaseClaims, untilExpiryMs: number): Life {
  if (typeof exp === "number" && typeof iat === "number" && exp > iat) {
    const leftMs = (exp - iat - 1) * 1000;
    const renewBelowMs = Math.min(60_000, leftMs * 0.2);
    return { leftMs, renewBelowMs, waitBelowMs: renewBelowMs / 4 };
  }
  // One that has passed has passed: whoever mocks it so waits for a new lease.
  const leftMs = Number.isNaN(untilExpiryMs) ? ASSUMED_LIFE_MS : Math.min(untilExpiryMs, ASSUMED_LIFE_MS);
  return { leftMs, renewBelowMs: 60_000, waitBelowMs: 60_000 };
}
