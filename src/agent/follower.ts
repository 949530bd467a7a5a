import type { Call } from "../call/call.ts";
import type { CallOptions, CallSession } from "../call/call-state.ts";
import type { operations } from "../generated/agent.ts";
import { computeAth, DPoPKeyPair, privateJwkOf } from "../proof/dpop.ts";
import type { Session } from "../session/session.ts";
import type { Clock } from "../wire/send.ts";
import type { HandedOver } from "./handover.ts";

/** The session that alone may look at an approval: this client's, or one that another process has handed over. */
export interface Follower {
  readonly session: CallSession;
  /** The key that its lease is signed with, where the lease says so. */
  readonly leaseKeyId: string | undefined;
  /** How long its lease lives, in milliseconds. */
  leaseLeft(): number;
  /** Whether that is only known by two hosts' clocks: the gate is to be asked once all the same. */
  readonly isUncertain: boolean;
  /** Hears what time it is at the gate at a moment of the monotonic clock. */
  anchor?(gateNow: number, monotonic: number): void;
  /** What another process needs to look in its place. */
  handedOver?(): Pick<HandedOver, "token" | "privateKey" | "sessionId">;
}

export function followerOf(session: Session, clock: Clock): Follower {
  return {
    session,
    leaseKeyId: keyIdOf(session.token),
    leaseLeft: () => session.leftMs(clock.monotonic()),
    isUncertain: false,
    handedOver: () => ({
      token: session.token,
      privateKey: privateJwkOf(session.key),
      sessionId: session.sessionId,
    }),
  };
}

/** @param gateNow the gate's time as far as this process knows it */
export function adoptedFollower(
  { token, privateKey, sessionId, leaseEndsAt }: HandedOver,
  clock: Clock,
  gateNow: () => number,
): Follower {
  let endsBy: number | undefined;
  const leaseLeft = () => (endsBy === undefined ? leaseEndsAt - gateNow() : endsBy - clock.monotonic());
  return {
    session: {
      key: DPoPKeyPair.from(privateKey),
      ath: computeAth(token),
      sessionId,
      authorization: () => `DPoP ${token}`,
      hasEnded: () => leaseLeft() <= 0,
    },
    leaseKeyId: keyIdOf(token),
    leaseLeft,
    get isUncertain() {
      return endsBy === undefined;
    },
    anchor(gateAt, monotonic) {
      endsBy ??= monotonic + leaseEndsAt - gateAt;
    },
  };
}

/** How long asking for the gate's keys may take. */
const KEYS_MS = 5_000;

/** Whether the gate still has the key that the lease is signed with: a restart makes a new one (contract agent.md 3.4). */
export async function isLeaseKnown(
  call: Call<operations>,
  { leaseKeyId }: Follower,
  { signal }: CallOptions,
): Promise<boolean> {
  if (leaseKeyId === undefined) return true;
  try {
    const reading = { signal, timeoutMs: KEYS_MS, retry: false } as const;
    const { body } = await call("getLeaseKeys", { subject: "<keys>" }, reading);
    return !Array.isArray(body.keys) || body.keys.some(({ kid }) => kid === leaseKeyId);
  } catch {
    return true;
  }
}

/** Other people's mocks hand out leases that are no JWT. */
function keyIdOf(token: string): string | undefined {
  try {
    const { kid } = JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as {
      kid?: unknown;
    };
    return typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}
