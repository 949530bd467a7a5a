import type { LatchGateOperator } from "../../operator/operator.ts";
import type { Terminal } from "../command.ts";
import { painter, plain, riskStyle } from "../show.ts";
import { stopped } from "../stopped.ts";
import { heldBy, timeOf } from "./list.ts";

/** Prints each approval that begins to wait, until the command is stopped. */
export async function watch(
  operator: LatchGateOperator,
  { json }: { readonly json?: boolean | undefined },
  terminal: Terminal,
): Promise<number> {
  const paint = painter(terminal);
  if (!json) terminal.err(paint("dim", "watching for approvals; Ctrl-C ends it"));
  const onError = ({ message }: Error) => terminal.err(`away: ${plain(message)}`);
  const signal = stopped(terminal.signal);
  for await (const one of operator.approvals.watch({ signal, onError })) {
    if (json) {
      terminal.out(JSON.stringify(one));
      continue;
    }
    const { approval_id: id, risk_level: risk, action_id: action, principal } = one;
    const style = riskStyle(risk);
    const held = (await heldBy(operator, id)) ?? "";
    terminal.out(
      `${plain(id)}  ${style === undefined ? plain(risk) : paint(style, plain(risk))}  ${plain(action)}  ${plain(held)}  ${plain(principal)}  ${timeOf(one, Date.now())}`,
    );
  }
  return 0;
}
