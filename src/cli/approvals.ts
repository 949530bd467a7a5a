import type { LatchGateOperator } from "../operator/operator.ts";
import type { ApprovalSummary } from "../operator/watch.ts";
import { approvalLines } from "./approval-detail.ts";
import { argumentsOf, type Command, type Terminal, UsageError } from "./command.ts";
import { findOperator, operatorOptions, operatorUsage, reported } from "./operator-options.ts";
import { duration, painter, plain, table } from "./show.ts";

const usage = `Usage: latchgate-client approvals [list] [--status S] [--all]
       latchgate-client approvals show ID
       latchgate-client approvals approve ID [--learn-path GLOB] [--learn-domain DOMAIN] [--again] [--yes]
       latchgate-client approvals deny ID [--reason TEXT]
       latchgate-client approvals watch

Held actions, and deciding on them.

  list              what waits now; --all: what has ended or expired too; --status: pending, claimed, approved, denied, failed
  show              one of them, with what an approve would run and what it would open for good
  approve           runs the action now. It shows the approval and asks first; --yes does not ask
  --learn-path, --learn-domain
                    what to open in place of the path or domain that held the call
  --again           also one that is claimed (it may have run, and would run a second time) or expired
  deny              the action will not run; the agent is told the reason
  watch             each new one, until Ctrl-C
  --json            everything as JSON, a line each; approve then asks nothing and needs --yes
${operatorUsage}`;

const options = {
  ...operatorOptions,
  status: { type: "string" },
  all: { type: "boolean", default: false },
  "learn-path": { type: "string" },
  "learn-domain": { type: "string" },
  again: { type: "boolean", default: false },
  yes: { type: "boolean", short: "y", default: false },
  reason: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof argumentsOf<typeof options>>["values"];
type Job = (operator: LatchGateOperator, id: string, values: Values, terminal: Terminal) => Promise<number>;

/** What each word does, whether it takes an id, and which options it knows beside the common ones. */
const JOBS: Readonly<Record<string, { run: Job; needsId: boolean; takes: readonly (keyof Values)[] }>> = {
  list: { run: list, needsId: false, takes: ["status", "all"] },
  show: { run: show, needsId: true, takes: [] },
  approve: { run: approve, needsId: true, takes: ["learn-path", "learn-domain", "again", "yes"] },
  deny: { run: deny, needsId: true, takes: ["reason"] },
  watch: { run: watch, needsId: false, takes: [] },
};

const SPECIAL = ["status", "all", "learn-path", "learn-domain", "again", "yes", "reason"] as const;
const STATES = ["pending", "claimed", "approved", "denied", "failed"] as const;

export const command: Command = {
  usage,
  run(args, terminal) {
    const { values, positionals } = argumentsOf(args, options);
    const [word = "list", id, ...more] = positionals;
    const job = Object.hasOwn(JOBS, word) ? JOBS[word] : undefined;
    if (job === undefined) throw new UsageError(`there is no \`approvals ${word}\``);
    if (job.needsId && id === undefined)
      throw new UsageError(`approvals ${word} needs the id of an approval`);
    const unexpected = job.needsId ? more[0] : id;
    if (unexpected !== undefined) throw new UsageError(`unexpected ${JSON.stringify(unexpected)}`);
    for (const name of SPECIAL)
      if (values[name] !== undefined && values[name] !== false && !job.takes.includes(name))
        throw new UsageError(`--${name} is not for approvals ${word}`);
    if (values.status !== undefined) stateOf(values.status);
    if (word === "approve") refuseUnasked(values, terminal);
    return reported("approvals", values.json, terminal, async () => {
      const operator = await findOperator(values, terminal);
      try {
        return await job.run(operator, id ?? "", values, terminal);
      } finally {
        await operator.close();
      }
    });
  },
};

async function list(
  operator: LatchGateOperator,
  _id: string,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const status = values.status === undefined ? undefined : stateOf(values.status);
  const found = await operator.approvals.list({ status, includeExpired: values.all });
  const shown = found.filter((one) => values.all || status !== undefined || isOpen(one));
  if (values.json) for (const approval of shown) terminal.out(JSON.stringify(approval));
  else if (shown.length === 0) terminal.out(values.all || status ? "none" : "nothing waits for an operator");
  else rows(shown, terminal);
  return 0;
}

const isOpen = ({ status }: Pick<ApprovalSummary, "status">) => status === "pending" || status === "claimed";

function rows(approvals: readonly ApprovalSummary[], terminal: Terminal): void {
  const paint = painter(terminal);
  const now = Date.now();
  const cells = approvals.map((one) => [
    plain(one.approval_id),
    plain(one.status),
    plain(one.risk_level),
    plain(one.action_id),
    plain(one.principal),
    timeOf(one, now),
  ]);
  const heading = ["APPROVAL", "STATUS", "RISK", "ACTION", "AGENT", "TIME"];
  for (const line of table([heading, ...cells], (cell, row, column) => {
    if (row === 0) return paint("dim", cell);
    if (column === 1 && cell === "claimed") return paint("yellow", cell);
    return column === 2 && (cell === "high" || cell === "critical") ? paint("red", cell) : cell;
  }))
    terminal.out(line);
}

function timeOf({ status, created_at, expires_at }: ApprovalSummary, now: number): string {
  const left = Date.parse(expires_at) - now;
  if (status === "pending") return left > 0 ? `${duration(left)} left` : `expired ${duration(left)} ago`;
  return `${duration(now - Date.parse(created_at))} old`;
}

async function show(
  operator: LatchGateOperator,
  id: string,
  { json }: Values,
  terminal: Terminal,
): Promise<number> {
  const detail = await operator.approvals.get(id);
  if (json) terminal.out(JSON.stringify(detail));
  else for (const line of approvalLines(detail, {}, painter(terminal))) terminal.out(line);
  if (!json && detail.status === "failed") {
    const { why } = await operator.approvals.explain(id);
    terminal.out(`${painter(terminal)("dim", "why".padEnd(14))}  ${plain(why)}`);
  }
  return 0;
}

function stateOf(text: string): (typeof STATES)[number] {
  const state = STATES.find((one) => one === text);
  if (state === undefined) throw new UsageError(`--status is one of ${STATES.join(", ")}`);
  return state;
}

function refuseUnasked({ yes, json }: Pick<Values, "yes" | "json">, terminal: Terminal): void {
  if (!yes && (json || terminal.ask === undefined))
    throw new UsageError("approve asks before it runs anything, and there is nobody to ask: give --yes");
}

async function approve(
  operator: LatchGateOperator,
  id: string,
  values: Values,
  terminal: Terminal,
): Promise<number> {
  const { json, yes, again, "learn-path": learnPath, "learn-domain": learnDomain } = values;
  const learn = { learnPath, learnDomain };
  if (!yes && terminal.ask !== undefined) {
    const detail = await operator.approvals.get(id);
    for (const line of approvalLines(detail, learn, painter(terminal))) terminal.out(line);
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
    if (!json) terminal.out(plain(endWords(result)));
    return result.decision === "already_approved" ? 0 : 1;
  }
  if (!json) {
    const paint = painter(terminal);
    terminal.out(
      result.ok
        ? paint("green", "it ran, and succeeded")
        : `${paint("red", "it ran, and did not succeed")} (${plain(result.verification.outcome)})`,
    );
    terminal.out(`receipt  ${plain(result.receiptId)}`);
    for (const [name, learned] of [
      ["domain", result.learnedDomain],
      ["path", result.learnedPath],
    ])
      if (learned !== null)
        terminal.out(`learned  the ${name} ${plain(learned)}, for ${plain(result.actionId)}`);
    terminal.out(`output   ${plain(JSON.stringify(result.output)).slice(0, 2_000)}`);
  }
  return result.ok ? 0 : 1;
}

function endWords(ended: {
  decision: string;
  receiptId: string | null;
  denyReason: string | null;
  errorCode: string | null;
}) {
  const more = ended.receiptId ?? ended.denyReason ?? ended.errorCode;
  return `${ended.decision.replace("_", " ")}${more === null ? "" : ` (${more})`}: this approve did nothing`;
}

async function deny(
  operator: LatchGateOperator,
  id: string,
  { json, reason }: Values,
  terminal: Terminal,
): Promise<number> {
  const result = await operator.approvals.deny(id, reason);
  if (json) terminal.out(JSON.stringify(result.raw));
  else if (result.decision === "deny") terminal.out(`denied: ${plain(result.denyReason)}`);
  else terminal.out(plain(endWords(result)).replace("this approve", "this deny"));
  return result.decision === "deny" || result.decision === "already_denied" ? 0 : 1;
}

async function watch(
  operator: LatchGateOperator,
  _id: string,
  { json }: Values,
  terminal: Terminal,
): Promise<number> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  terminal.signal?.addEventListener("abort", end, { once: true });
  if (terminal.signal?.aborted) end();
  const paint = painter(terminal);
  if (!json) terminal.err(paint("dim", "watching for approvals; Ctrl-C ends it"));
  const onError = ({ message }: Error) => terminal.err(`away: ${plain(message)}`);
  try {
    for await (const one of operator.approvals.watch({ signal: stop.signal, onError })) {
      if (json) terminal.out(JSON.stringify(one));
      else {
        const risk = plain(one.risk_level);
        const painted = risk === "high" || risk === "critical" ? paint("red", risk) : risk;
        terminal.out(
          `${plain(one.approval_id)}  ${painted}  ${plain(one.action_id)}  ${plain(one.principal)}  ${timeOf(one, Date.now())}`,
        );
      }
    }
  } finally {
    process.removeListener("SIGINT", end).removeListener("SIGTERM", end);
  }
  return 0;
}
