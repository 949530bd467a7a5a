import type { CallName, Verdict } from "./lane.ts";

/** Why what the client said of a call is not so; undefined when it is. The gate's effects are the judge. */
export function violation(verdict: Verdict): string | undefined {
  const { said, words, effects, approvals } = verdict;
  const { call } = verdict.case;
  if (said === "hang" || said === "foreign") return said;
  if (effects > 1) return `${effects} effects`;
  if (approvals > 1) return `${approvals} approvals`;
  if (call === "execute" || call === "fail" || call === "approve") {
    if ((said === "result" || said === "executed") && effects !== 1) return `${said}, and ${effects} effects`;
    if ((said === "not_executed" || said === "held") && effects !== 0) return `${said}, and an effect`;
  } else if (effects !== 0) return `a ${call} had an effect`;
  if (READS.has(call) && (said === "unknown" || said === "executed"))
    return call === "poll" && LOST.test(words) ? undefined : `a ${call} is never ${said}`;
  if (said === "unknown" && call !== "fail" && canTell(verdict)) return "unknown, though it could tell";
  return undefined;
}

const LOST = /^(?:approval_lost|approval_gone|gate_restarted|lease_ended|poll_refused)\b/;
const READS: ReadonlySet<CallName> = new Set<CallName>(["poll", "receipt", "lease"]);

/** Whether the gate or the socket says enough for the client to know: then `unknown` is a lack of precision. */
function canTell({ case: { faults, lease, armed, partial } }: Verdict): boolean {
  // The second copy of a lost call can't be told from the first one's fate when its lease has ended at the gate.
  if (lease === "restarted" || lease === "gate expired" || faults.length !== 1) return false;
  // A stall leaves little time, and a restart cuts the call that is made beside a renewal.
  if (armed === "lease") return faults.every(({ kind }) => kind !== "stall" && kind !== "restart");
  return faults.every(({ kind, way }) => {
    if (kind === "delay" || kind === "split" || kind === "slice" || kind === "down") return true;
    if (way === "answer") return false;
    // The gate's framework answers half a request with a bare 400, which something between could have written too.
    return partial && ["cut", "close", "duplicate", "late", "interleave2"].includes(kind);
  });
}
