import type { LatchGateOperator } from "../../operator/operator.ts";
import type { ApprovalSummary } from "../../operator/watch.ts";
import type { Terminal } from "../command.ts";
import { type Column, columnsOf, duration, type Paint, painter, plain, riskStyle, table } from "../show.ts";
import { heldIn } from "./held.ts";
import { shortLength } from "./ids.ts";

export type State = ApprovalSummary["status"];

interface Wanted {
  readonly status?: State | undefined;
  readonly all?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** Prints the approvals that wait, or all. */
export async function list(
  operator: LatchGateOperator,
  { status, all = false, json = false }: Wanted,
  terminal: Terminal,
): Promise<number> {
  const found = await operator.approvals.list({ status, includeExpired: all });
  const shown = found.filter((one) => all || status !== undefined || isOpen(one));
  if (json) for (const approval of shown) terminal.out(JSON.stringify(approval));
  else if (shown.length === 0)
    terminal.out(all || status !== undefined ? "none" : "nothing waits for an operator");
  else for (const line of await rows(operator, shown, terminal)) terminal.out(line);
  return 0;
}

export const isOpen = ({ status }: Pick<ApprovalSummary, "status">) =>
  status === "pending" || status === "claimed";

const COLUMNS: readonly Column[] = [
  { heading: "ID", whole: true },
  { heading: "RISK", whole: true },
  { heading: "LEFT", whole: true },
  { heading: "ACTION" },
  { heading: "WHAT" },
  { heading: "AGENT" },
];
const [ID, RISK, LEFT, , WHAT] = [0, 1, 2, 3, 4] as const;

async function rows(
  operator: LatchGateOperator,
  approvals: readonly ApprovalSummary[],
  terminal: Terminal,
): Promise<string[]> {
  const paint = painter(terminal);
  const now = Date.now();
  const length = shortLength(approvals.map(({ approval_id: id }) => id));
  const held = await whatIsHeld(operator, approvals);
  const cells = approvals.map((one) => [
    plain(one.approval_id.slice(0, length)),
    plain(one.risk_level),
    timeOf(one, now),
    plain(one.action_id),
    plain(held.get(one.approval_id) ?? ""),
    plain(one.principal),
  ]);
  return table(COLUMNS, cells, columnsOf(terminal), (piece, row, column) =>
    painted(piece, column, approvals[row - 1], paint),
  );
}

function painted(piece: string, column: number, one: ApprovalSummary | undefined, paint: Paint): string {
  if (one === undefined) return paint("dim", piece);
  if (column === LEFT) return isOpen(one) && one.status === "claimed" ? paint("yellow", piece) : piece;
  if (column === WHAT && /^\(|\(not told\)/.test(piece)) return paint("dim", piece);
  const style = column === RISK ? riskStyle(one.risk_level) : undefined;
  return column === ID ? paint("bold", piece) : style === undefined ? piece : paint(style, piece);
}

/** How long a pending one can be approved; what any other one is. */
export function timeOf({ status, expires_at }: ApprovalSummary, now: number): string {
  if (status !== "pending") return status;
  const left = Date.parse(expires_at) - now;
  return left > 0 ? duration(left) : "expired";
}

/** At most so many are asked for at once, and altogether: a gate takes 100 reads of all its operators a second. */
const AT_ONCE = 8;
const MOST_ASKED = 50;

/** What is held, in a word or two; nothing of what can't be read, since the list itself was. */
async function whatIsHeld(
  operator: LatchGateOperator,
  approvals: readonly ApprovalSummary[],
): Promise<ReadonlyMap<string, string>> {
  const held = new Map<string, string>();
  const waiting = approvals.slice(0, MOST_ASKED).values();
  const ask = async () => {
    for (const { approval_id: id } of waiting) {
      const words = await heldBy(operator, id);
      if (words !== undefined) held.set(id, words);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return held;
}

export const heldBy = (operator: LatchGateOperator, id: string): Promise<string | undefined> =>
  operator.approvals.get(id, { retry: false }).then(
    (detail) => heldIn(detail)?.short,
    () => undefined,
  );
