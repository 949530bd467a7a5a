import { expect } from "vitest";
import type { world } from "./world.ts";

type World = Pick<ReturnType<typeof world>, "clock" | "gate">;

/** Held calls of `pay` in one step of a model, each with its id, and the order in which an operator comes to them. */
export interface Together {
  readonly what: string;
  readonly calls: readonly { readonly id: string; readonly to: string }[];
  readonly order: readonly string[];
  /** Whose call is denied. */
  readonly denied?: string;
}

const called = (...names: string[]) => names.map((to, index) => ({ id: `call_${index}`, to }));
const TWO = called("aaa", "bbb");
const THREE = called("aaa", "bbb", "ccc");

export const TOGETHER: readonly Together[] = [
  { what: "two, the first approved first", calls: TWO, order: ["aaa", "bbb"] },
  { what: "two, the last approved first", calls: TWO, order: ["bbb", "aaa"] },
  { what: "two, the first denied first", calls: TWO, order: ["aaa", "bbb"], denied: "aaa" },
  { what: "two of the same input", calls: called("aaa", "aaa"), order: ["aaa", "aaa"] },
  { what: "three, the first approved first", calls: THREE, order: ["aaa", "bbb", "ccc"] },
  { what: "three, the last approved first", calls: THREE, order: ["ccc", "bbb", "aaa"] },
  { what: "three, the middle denied last", calls: THREE, order: ["ccc", "aaa", "bbb"], denied: "bbb" },
];

/** The next of them is decided about, as an operator does who finds it by what it would do. */
export function operatorOf({ gate, clock }: World, { order, denied }: Together) {
  const left = [...order];
  const next = async (): Promise<void> => {
    const to = left.shift();
    const isIt = (params: unknown) => (params as { to: string }).to === to;
    const held = gate.approvals.find(({ state, params }) => state === "pending" && isIt(params));
    if (held === undefined) throw new Error(`no call for ${to} is held`);
    await (to === denied ? gate.deny(held.approvalId) : gate.approve(held.approvalId));
  };
  /** One each half minute, from the time at which all are held. */
  const inTurn = (): void =>
    order.forEach((_, index) => void clock.timer(30_000 * (index + 1), () => void next()));
  return { next, inTurn };
}

/** Each call has its own answer, and acted once if it was approved. */
export function expectOneEach(
  { gate }: World,
  { calls, denied }: Together,
  answers: readonly string[],
): void {
  const own = ({ to }: { to: string }) => (to === denied ? "an operator has refused" : `"to":"${to}"`);
  expect(answers).toEqual(calls.map((call) => expect.stringContaining(own(call))));
  const done = gate.effects.map(({ params }) => (params as { to: string }).to);
  expect(done.sort()).toEqual(calls.map(({ to }) => to).filter((to) => to !== denied));
  expect(gate.approvals).toHaveLength(calls.length);
}
