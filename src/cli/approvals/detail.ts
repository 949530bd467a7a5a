import type { components } from "../../generated/operator.ts";
import { type LearnOptions, recordOf, willLearn } from "../../operator/learning.ts";
import type { Terminal } from "../command.ts";
import { columnsOf, duration, labelled, painter, plain, riskStyle, type Style } from "../show.ts";
import { heldIn } from "./held.ts";

type Detail = components["schemas"]["ApprovalDetail"];

/** Above this a budget is none: the gate's largest number, which a double does not hold. */
const UNLIMITED = 2 ** 53;

/** Prints labels and what they say, one below the other. Nothing is printed of what is not there. */
export function facts(terminal: Terminal): (name: string, value: unknown, style?: Style) => void {
  const paint = painter(terminal);
  return (name, value, style) => {
    const text = plain(Array.isArray(value) ? value.join(", ") : (value ?? ""));
    if (text === "") return;
    const label = `${name.padEnd(LABEL)}  `;
    const lines = labelled(label, text, columnsOf(terminal), (piece) =>
      style === undefined ? piece : paint(style, piece),
    );
    for (const line of lines)
      terminal.out(line.startsWith(name) ? line.replace(name, () => paint("dim", name)) : line);
  };
}

const LABEL = 14;

/** An approval for a person: what would run, for whom, what it may touch, and what an approve opens for good. */
export function showDetail(detail: Detail, learn: LearnOptions, terminal: Terminal): void {
  const record = recordOf(detail);
  const fact = facts(terminal);
  const members = detail as unknown as Readonly<Record<string, unknown>>;
  fact("approval", detail.approval_id);
  fact("status", statusWords(detail), detail.status === "claimed" ? "yellow" : undefined);
  for (const [name, member] of ENDS) fact(name, members[member]);
  if (record === undefined) {
    fact("", "the approval store has lost the rest of it; this is what the ledger remembers");
    return;
  }
  fact(
    "action",
    `${record.action_id}${record.action_version === undefined ? "" : ` ${record.action_version}`}`,
    "bold",
  );
  fact("risk", record.risk_level, riskStyle(record.risk_level ?? ""));
  fact("agent", record.principal);
  fact("session", record.session_id);
  fact("not resolved", [...(record.unresolved_domains ?? []), ...(record.unresolved_paths ?? [])]);
  fact("touches", heldIn(detail)?.long, "yellow");
  fact("egress", egressWords(record.approved_egress));
  fact("secrets", record.approved_secrets?.length === 0 ? "none" : record.approved_secrets);
  fact("sinks", record.approved_targets);
  const calls = record.budget_snapshot?.calls_remaining;
  if (calls !== undefined) fact("calls left", calls > UNLIMITED ? "no limit" : calls);
  const review = record.database_review;
  if (review !== undefined)
    fact("database", `${review.operation_class} on ${review.tables.join(", ") || "no table"}`);
  fact("parameters", "never shown to an operator; the hash of the request is");
  terminal.out(`  ${plain(record.request_hash)}`);
  if (detail.status !== "pending" && detail.status !== "claimed") return;
  const { words } = willLearn(detail, learn);
  for (const [index, sentence] of words.entries())
    fact(index === 0 ? "opens for good" : "", sentence, "yellow");
  if (words.length === 0) fact("opens", "nothing beyond this call");
}

const ENDS = [
  ["claimed by", "claimed_by"],
  ["claimed at", "claimed_at"],
  ["ended at", "completed_at"],
  ["receipt", "receipt_id"],
  ["reason", "deny_reason"],
  ["failure", "error_code"],
] as const satisfies readonly (readonly [label: string, member: MemberOf<Detail>])[];
type MemberOf<Shape> = Shape extends unknown ? keyof Shape : never;

function statusWords(detail: Detail): string {
  const { status } = detail;
  if (status === "claimed") return "claimed: an approve is under way, or was cut off and may have run";
  const expires = Date.parse(recordOf(detail)?.expires_at ?? "");
  if (status !== "pending" || Number.isNaN(expires)) return status;
  const left = expires - Date.now();
  return left > 0 ? `pending, ${duration(left)} left` : `expired ${duration(left)} ago`;
}

function egressWords(egress: components["schemas"]["ApprovedEgress"] | undefined): string | undefined {
  if (egress === undefined || typeof egress === "string") return egress;
  return egress.proxy_allowlist.allowed_domains.join(", ");
}
