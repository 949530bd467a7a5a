import type { components } from "../generated/operator.ts";
import { type LearnOptions, recordOf, willLearn } from "../operator/learning.ts";
import { type Colour, duration, plain } from "./show.ts";

type Detail = components["schemas"]["ApprovalDetail"];

/** Above this a budget is none: the gate's largest number, which a double does not hold. */
const UNLIMITED = 2 ** 53;

/** An approval for a person: what would run, for whom, what it may touch, and what an approve opens for good. */
export function approvalLines(
  detail: Detail,
  learn: LearnOptions,
  paint: (colour: Colour, text: string) => string,
): string[] {
  const record = recordOf(detail);
  const lines: string[] = [];
  const line = (name: string, value: unknown, colour?: Colour) => {
    if (value === undefined || value === null || value === "") return;
    const text = plain(Array.isArray(value) ? value.join(", ") : value);
    lines.push(`${paint("dim", name.padEnd(14))}  ${colour === undefined ? text : paint(colour, text)}`);
  };
  const members = detail as unknown as Readonly<Record<string, unknown>>;
  line("approval", detail.approval_id);
  line("status", statusWords(detail), detail.status === "claimed" ? "yellow" : undefined);
  for (const [name, member] of ENDS) line(name, members[member]);
  if (record === undefined) {
    line("", "the approval store has lost the rest of it; this is what the ledger remembers");
    return lines;
  }
  const risky = record.risk_level === "high" || record.risk_level === "critical";
  line(
    "action",
    `${record.action_id}${record.action_version === undefined ? "" : ` ${record.action_version}`}`,
    "bold",
  );
  line("risk", record.risk_level, risky ? "red" : undefined);
  line("agent", record.principal);
  line("session", record.session_id);
  line("egress", egressWords(record.approved_egress));
  line("secrets", record.approved_secrets?.length === 0 ? "none" : record.approved_secrets);
  line("sinks", record.approved_targets);
  line("not resolved", [...(record.unresolved_domains ?? []), ...(record.unresolved_paths ?? [])]);
  const calls = record.budget_snapshot?.calls_remaining;
  if (calls !== undefined) line("calls left", calls > UNLIMITED ? "no limit" : calls);
  const review = record.database_review;
  if (review !== undefined)
    line("database", `${review.operation_class} on ${review.tables.join(", ") || "no table"}`);
  line("request", `${record.request_hash} (the parameters are never shown)`);
  if (detail.status !== "pending" && detail.status !== "claimed") return lines;
  const { words } = willLearn(detail, learn);
  for (const [index, sentence] of words.entries())
    line(index === 0 ? "opens for good" : "", sentence, "yellow");
  if (words.length === 0) line("opens", "nothing beyond this call");
  return lines;
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
