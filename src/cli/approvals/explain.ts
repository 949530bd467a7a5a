import type { Explanation } from "../../operator/explain.ts";
import type { LatchGateOperator } from "../../operator/operator.ts";
import type { Terminal } from "../command.ts";
import { painter, plain } from "../show.ts";
import { facts } from "./detail.ts";
import { heldIn } from "./held.ts";
import { isOpen } from "./list.ts";

/** Prints why an approval ended as it did, whether the action may have had its effect, and what can be done next. */
export async function explain(
  operator: LatchGateOperator,
  id: string,
  { json }: { readonly json?: boolean | undefined },
  terminal: Terminal,
): Promise<number> {
  const explained = await operator.approvals.explain(id);
  if (json) {
    terminal.out(JSON.stringify(explained));
    return 0;
  }
  const { status, why, side, event, receipt } = explained;
  const detail = await operator.approvals.get(id);
  const fact = facts(terminal);
  fact("approval", id);
  fact("status", status);
  fact("action", "action_id" in detail ? detail.action_id : undefined, "bold");
  fact("why", why);
  fact("effect", EFFECT[side], side === "before" ? "green" : "yellow");
  const held = isOpen({ status }) ? heldIn(detail) : undefined;
  fact("touches", held?.long ?? held?.short);
  fact("receipt", receipt?.receiptId ?? event?.receipt_id);
  fact("audit event", event?.trace_id);
  const commands = nextCommands(explained, id);
  if (commands.length > 0) terminal.out(painter(terminal)("dim", "next"));
  // Never broken: they are there to be copied.
  for (const command of commands) terminal.out(`  ${plain(command)}`);
  return 0;
}

const EFFECT: Readonly<Record<Explanation["side"], string>> = {
  before: "none: nothing was sent into the world",
  after: "it was sent into the world",
  unknown: "not known: look at the action's effect itself",
};

/** A failed file action has no learned path most often (measured): the next one needs it. */
const LEARNED_PATH = /verifier failed|path/i;

function nextCommands({ status, receipt, event, why }: Explanation, id: string): string[] {
  const mine = (words: string) => `latchgate-client ${words}`;
  const receiptId = receipt?.receiptId ?? event?.receipt_id;
  const proof = receiptId === undefined ? [] : [mine(`verify receipt ${receiptId}`)];
  if (status === "pending") return [mine(`approvals approve ${id}`), mine(`approvals deny ${id}`)];
  if (status === "claimed")
    return [mine(`approvals show ${id}`), mine(`approvals deny ${id}  (closes it, if it was cut off)`)];
  if (status !== "failed") return proof;
  const again = LEARNED_PATH.test(why)
    ? "the agent asks again, then: latchgate-client approvals approve ID --learn-path 'docs/**'"
    : "the agent asks again: an approval that has ended can't be approved any more";
  return [...proof, again];
}
