import type { CallState } from "../call/call-state.ts";
import type { Session } from "../session/session.ts";
import type { Clock } from "../wire/send.ts";
import { APPROVAL_LIFE_MS, type Held, type Moment } from "./approval-endings.ts";
import { adoptedFollower, followerOf } from "./follower.ts";
import type { HandedOver } from "./handover.ts";

/** The calls that this client has seen being held, by approval id. */
export interface HeldCalls {
  get(approvalId: string): Held | undefined;
  /** From the first answer on an approval belongs to the session that could see it. */
  remember(approvalId: string, state: CallState, about: Remembered): void;
  /** Takes up what another process has handed over: its approval is polled by its session from now on. */
  adopt(approvalId: string, handed: HandedOver, about: Pick<Remembered, "actionId" | "traceId">): void;
  /** What another process needs to follow the approval in this one's place; undefined where that can't be. */
  handedOver(approvalId: string): HandedOver | undefined;
  /** Those whose approval has ended while nobody looked, that still take a call of the budget. */
  owing(): string[];
  /** Now, on both clocks. */
  moment(): Moment;
}

interface Remembered {
  readonly actionId: string;
  readonly traceId: string;
  readonly gateNow: number | undefined;
  /** Whether this client has seen it being opened: by then nobody can have claimed it. */
  readonly isOpened: boolean;
}

const MAX_HELD = 1_000;

/** @param gateClock the clock that proofs are dated by: the gate's, where the two were found to differ */
export function createHeldCalls(clock: Clock, gateClock: () => number): HeldCalls {
  const holds = new Map<string, Held>();

  function keep(approvalId: string, hold: Held): void {
    holds.set(approvalId, hold);
    if (holds.size <= MAX_HELD) return;
    // Only what nobody may look at any more is forgotten.
    for (const [id, old] of holds) if (old.follower.leaseLeft() <= 0) holds.delete(id);
  }

  return {
    get: (approvalId) => holds.get(approvalId),

    remember(approvalId, state, { actionId, traceId, gateNow, isOpened }) {
      // What signs a call of an agent's is a session.
      const session = state.session as Session;
      keep(approvalId, {
        actionId,
        follower: followerOf(session, clock),
        traceId,
        seen: { freeAt: isOpened ? state.sentAt : undefined, wasClaimed: false, last: undefined },
        openedAt: isOpened ? gateNow : undefined,
        endsAt: gateNow === undefined ? undefined : gateNow + APPROVAL_LIFE_MS,
        endsBy: state.sentAt + APPROVAL_LIFE_MS,
        unit: isOpened ? session.budget.hold() : undefined,
      });
    },

    handedOver(approvalId) {
      const held = holds.get(approvalId);
      const handed = held?.follower.handedOver?.();
      if (held === undefined || handed === undefined) return undefined;
      const openedBy = held.endsBy - APPROVAL_LIFE_MS;
      const passed = clock.monotonic() - openedBy;
      const openedAt = held.openedAt ?? gateClock() - passed;
      return {
        ...handed,
        openedAt,
        leaseEndsAt: openedAt + passed + held.follower.leaseLeft(),
        approvalEndsAt: openedAt + APPROVAL_LIFE_MS,
      };
    },

    adopt(approvalId, handed, { actionId, traceId }) {
      const follower = adoptedFollower(handed, clock, gateClock);
      const { openedAt, approvalEndsAt: endsAt } = handed;
      const endsBy = clock.monotonic() + endsAt - gateClock();
      const seen = { freeAt: undefined, wasClaimed: false, last: undefined };
      keep(approvalId, { actionId, follower, traceId, seen, openedAt, endsAt, endsBy, unit: undefined });
    },

    owing() {
      const now = clock.monotonic();
      return [...holds]
        .filter(([, held]) => held.unit?.isOpen && now > held.endsBy && held.follower.leaseLeft() > 0)
        .map(([approvalId]) => approvalId);
    },

    moment: () => ({ monotonic: clock.monotonic(), wall: gateClock() }),
  };
}
