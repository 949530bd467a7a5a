import type { AlreadyEnded, ApprovedExecution } from "../../operator/decisions.ts";
import type { LatchGateOperator } from "../../operator/operator.ts";
import { type Terminal, UsageError } from "../command.ts";
import { columnsOf, labelled, painter, plain } from "../show.ts";
import { showDetail } from "./detail.ts";
import { isOpen } from "./list.ts";

export interface ApproveValues {
  readonly learnPath?: string | undefined;
  readonly learnDomain?: string | undefined;
  readonly again?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Refuses an approve that would run something without anybody having been asked. */
export function refuseUnasked({ yes, json }: ApproveValues, { ask }: Terminal): void {
  if (yes !== true && (json === true || ask === undefined))
    throw new UsageError("approve asks before it runs anything, and there is nobody to ask: give --yes");
}

/** Shows it, asks, approves it, and prints what came of it. */
export async function approve(
  operator: LatchGateOperator,
  id: string,
  { learnPath, learnDomain, again, yes, json }: ApproveValues,
  terminal: Terminal,
): Promise<number> {
  const learn = { learnPath, learnDomain };
  if (yes !== true && terminal.ask !== undefined) {
    const detail = await operator.approvals.get(id);
    showDetail(detail, learn, terminal);
    // Of one that has ended an approve does nothing but say so.
    const answer = isOpen(detail) ? await terminal.ask("\nApprove, and run it now? [y/N] ") : "yes";
    if (!/^\s*y(es)?\s*$/i.test(answer)) {
      terminal.out("not approved; nothing has run");
      return 1;
    }
  }
  const result = await operator.approvals.approve(id, { ...learn, again });
  if (json) terminal.out(JSON.stringify(result.raw));
  if (result.decision !== "executed") {
    if (!json) terminal.out(plain(endWords(result, "approve")));
    return result.decision === "already_approved" ? 0 : 1;
  }
  if (!json) tellRun(result, terminal);
  return result.ok ? 0 : 1;
}

const LONGEST_OUTPUT = 2_000;

function tellRun(result: ApprovedExecution, terminal: Terminal): void {
  const paint = painter(terminal);
  terminal.out(
    result.ok
      ? paint("green", "it ran, and succeeded")
      : `${paint("red", "it ran, and did not succeed")} (${plain(result.verification.outcome)})`,
  );
  const learned = [
    ["domain", result.learnedDomain],
    ["path", result.learnedPath],
  ].filter(([, what]) => what !== null);
  const lines = [
    ["receipt  ", plain(result.receiptId)],
    ...learned.map(([name, what]) => [
      "learned  ",
      `the ${name} ${plain(what)}, for ${plain(result.actionId)}`,
    ]),
    ["output   ", plain(JSON.stringify(result.output)).slice(0, LONGEST_OUTPUT)],
  ];
  for (const [label = "", text = ""] of lines)
    for (const line of labelled(label, text, columnsOf(terminal))) terminal.out(line);
}

/** Denies it, and prints what came of it. */
export async function deny(
  operator: LatchGateOperator,
  id: string,
  { reason, json }: { readonly reason?: string | undefined; readonly json?: boolean | undefined },
  terminal: Terminal,
): Promise<number> {
  const result = await operator.approvals.deny(id, reason);
  if (json) terminal.out(JSON.stringify(result.raw));
  else if (result.decision === "deny") terminal.out(`denied: ${plain(result.denyReason)}`);
  else terminal.out(plain(endWords(result, "deny")));
  return result.decision === "deny" || result.decision === "already_denied" ? 0 : 1;
}

function endWords(
  { decision, receiptId, denyReason, errorCode }: AlreadyEnded,
  what: "approve" | "deny",
): string {
  const more = receiptId ?? denyReason ?? errorCode;
  return `${decision.replace("_", " ")}${more === null ? "" : ` (${more})`}: this ${what} did nothing`;
}
