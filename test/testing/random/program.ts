import { type AuditEvent, type Fault, MockGate } from "../../../src/testing/index.ts";
import { type Answered, ask, createAgent, createOperator, type Door, type Request } from "../by-hand.ts";
import { createVirtualTime } from "../replay/virtual.ts";
import { createChance } from "./chance.ts";
import { createJudge } from "./judge.ts";

type Agent = Awaited<ReturnType<typeof createAgent>>;

const START = 1_795_000_000_000;
const HOSTS = ["a.example.org", "b.example.org", "c.example.net"];

/** Lets somebody else hear what is asked and answered on a socket. */
export type Around = (face: "client" | "admin", door: Door) => Door;

/** How many steps a long program has: 60 to 200. */
export const longSteps = (seed: number) => 60 + createChance(seed).below(141);

/** Runs one random program against a gate of its own; gives what it did and what was broken. */
export async function runProgram(seed: number, steps: number, around: Around = (_, door) => door) {
  const chance = createChance(seed);
  const time = createVirtualTime(START);
  const gate = new MockGate({
    now: time.now,
    timer: time.timer,
    leaseTtlSeconds: 900,
    rateLimits: { execute: 8, leases: false, anonymous: false, operatorRead: false, operatorWrite: false },
    builtinActions: false,
    actions: {
      call: { egress: { allowedDomains: ["known.example.com"] }, run: () => ({ ok: true }) },
      risky: { riskLevel: "high", run: () => ({ ok: true }) },
      odd: { run: () => ({ done: true }) },
      broken: {
        run: () => {
          throw new Error("no");
        },
      },
    },
  });
  const judge = createJudge(gate);
  const trace: string[] = [];
  const [send, operatorSend] = [around("client", gate.send), around("admin", gate.operatorSend)];
  const operator = createOperator(operatorSend, gate.operatorCredentials, time.now);
  const agents: Agent[] = [];
  const approvals: { readonly id: string; readonly agent: Agent; readonly host: string | undefined }[] = [];
  const sent: { readonly door: Door; readonly request: Request }[] = [];

  async function connect(): Promise<void> {
    const calls = chance.in(0.6) ? 1 + chance.below(4) : undefined;
    const budgets = calls === undefined ? {} : { budgets: { max_calls: calls } };
    const agent = await createAgent(send, { now: time.now, ...budgets });
    trace.push(`lease ${agent.lease.status}`);
    if (agent.lease.status !== 200) return;
    judge.opened(agent.sessionId, calls);
    agents.push(agent);
  }

  /** Sends a request and has its proof judged; `undefined` when the connection broke. */
  async function deliver(door: Door, request: Request): Promise<Answered | undefined> {
    sent.push({ door, request });
    try {
      const answer = await ask(door, request);
      judge.proof(jtiOf(request), answer);
      trace.push(`${request.method} ${answer.status} ${answer.json?.error ?? answer.json?.decision ?? ""}`);
      return answer;
    } catch {
      trace.push(`${request.method} broke`);
      return undefined;
    }
  }

  async function execute(agent: Agent): Promise<void> {
    const actionId = chance.one(["call", "call", "call", "risky", "odd", "broken", "none"]);
    const host = chance.one(["known.example.com", ...HOSTS]);
    const params = actionId === "call" ? { url: `https://${host}/` } : {};
    const answer = await deliver(send, agent.executeRequest(actionId, params));
    if (answer === undefined) return;
    judge.executed(answer, actionId === "call" ? host : undefined);
    const id = answer.json?.approval_id as string | undefined;
    if (id !== undefined) approvals.push({ id, agent, host: actionId === "call" ? host : undefined });
  }

  async function decide(kind: "approve" | "deny"): Promise<void> {
    const approval = chance.one(chance.in(0.8) ? approvals.slice(-4) : approvals);
    if (approval === undefined) return;
    const answer = await deliver(
      operatorSend,
      operator.request("POST", `/v1/approvals/${approval.id}/${kind}`),
    );
    if (answer === undefined) return;
    judge.executed(answer, undefined);
    // It is learned before it runs, and stays learned when the run fails.
    if (kind === "approve" && ![404, 409, 503].includes(answer.status)) judge.learned(learnedBy(answer));
    const decision = answer.json?.decision as string | undefined;
    if (decision?.startsWith("already_")) judge.state(approval.id, decision.slice("already_".length));
    if (decision === "executed") judge.state(approval.id, "approved");
    if (decision === "deny") judge.state(approval.id, "denied");
  }

  async function look(): Promise<void> {
    const approval = chance.one(approvals);
    if (approval === undefined) return;
    const { json } = await operator.detail(approval.id);
    judge.state(approval.id, json?.status);
    const poll = await approval.agent.poll(approval.id);
    if (poll.status === 200 && poll.json.status !== "pending") judge.state(approval.id, poll.json.status);
    const other = agents.findLast(({ sessionId }) => sessionId !== approval.agent.sessionId);
    if (other === undefined) return;
    const seen = await other.poll(approval.id);
    if (seen.status !== 401) judge.other(seen);
  }

  /** The next request is lost on its way, while it runs, or with its answer. */
  async function breakNext(): Promise<void> {
    const operation = chance.one(["executeAction", "approveApproval"] as const);
    const when = chance.one(["unread", "running", "answered"] as const);
    const fault: Fault = { kind: "reset", when };
    const before = receipted();
    const handle = gate.fault(operation, fault);
    if (operation === "executeAction") await execute(agentOf());
    else await decide("approve");
    if (when === "answered" && handle.befell === 1 && receipted() > before) judge.lost();
    handle.remove();
  }

  const receipted = () => gate.effects.filter(({ ending }) => ending === "receipted").length;

  const moves: readonly [number, () => Promise<void> | void][] = [
    [10, () => execute(agentOf())],
    [4, () => atOnce(2 + chance.below(3), () => execute(agentOf()))],
    [6, () => decide("approve")],
    [2, () => atOnce(2, () => decide(chance.one(["approve", "deny"])))],
    [2, () => decide("deny")],
    [4, look],
    [4, breakNext],
    [3, again],
    [2, connect],
    [4, () => time.advanceTo(time.now() + chance.one([1000, 5000, 61_000, 121_000, 310_000]))],
    [2, forget],
    [1, restart],
  ];

  /** Sessions end in time: those that came last are asked most. */
  const agentOf = () => chance.one(chance.in(0.9) ? agents.slice(-3) : agents);

  async function atOnce(count: number, run: () => Promise<void>): Promise<void> {
    await Promise.all(Array.from({ length: count }, run));
  }

  /** The very bytes of an earlier request. */
  async function again(): Promise<void> {
    const { door, request } = chance.one(sent) ?? {};
    if (door === undefined || request === undefined) return;
    const answer = await deliver(door, request);
    if (answer !== undefined) judge.executed(answer, undefined);
  }

  /** An operator takes back what was learned. */
  async function forget(): Promise<void> {
    const domain = chance.one(HOSTS);
    const answer = await deliver(
      operatorSend,
      operator.request("DELETE", "/v1/admin/domains", { action_id: "call", domain }),
    );
    if (answer?.status === 200) judge.forgotten(domain);
  }

  async function restart(): Promise<void> {
    if (!chance.in(0.3)) return;
    gate.restart();
    judge.restarted();
    agents.length = 0;
    // Proofs of before could be taken once more: there is no memory of them.
    sent.length = 0;
    trace.push("restart");
    await connect();
  }

  // A program waits for nothing: between two of them a test's time limit can come.
  await time.settle();
  await connect();
  await connect();
  const deck = moves.flatMap(([weight, run]) => Array<typeof run>(weight).fill(run));
  for (let step = 0; step < steps; step += 1) {
    await chance.one(deck)();
    judge.budgetsHold();
  }

  const ledger = await operator.ask("GET", "/v1/audit/events?limit=1000");
  const readable = new Set<string>();
  for (const { receiptId = "" } of gate.effects) {
    const receipt = await operator.ask("GET", `/v1/receipts/${receiptId}`);
    if (receipt.json?.signature_status === "valid") readable.add(receiptId);
  }
  judge.everythingAddsUp(ledger.json.events as AuditEvent[], readable);
  if (!(await operator.ask("GET", "/v1/audit/verify")).json.intact)
    judge.breaches.push("the gate finds its chain broken");
  return { trace, breaches: judge.breaches };
}

function learnedBy(answer: Answered): string | undefined {
  return answer.json?.learned_domain as string | undefined;
}

function jtiOf(request: Request): string {
  const payload = request.headers["dpop"]?.split(".")[1] ?? "";
  return (JSON.parse(Buffer.from(payload, "base64url").toString()) as { jti: string }).jti;
}
