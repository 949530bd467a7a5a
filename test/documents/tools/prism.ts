import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LatchGateApprovalRequired, LatchGateClient, verifyReceipt } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import type { MockGate } from "latchgate-client/testing";
import { cleanEnvironment } from "../../consumers/tarball.ts";
import { NODE, npmTools } from "./installed.ts";

/** What went through the proxies, and what they found wrong with it. */
export interface Judged {
  readonly exchanges: number;
  readonly violations: readonly string[];
}

/** The documents, and the addresses of a gate that they describe. */
export interface Described {
  readonly gate: MockGate;
  readonly agent: { readonly file: string; readonly url: string };
  readonly operator: { readonly file: string; readonly url: string };
}

interface Violation {
  readonly location: readonly string[];
  readonly message: string;
}

/** Said of each signed request: that there is a header for it, Prism does not look at. */
const NOT_READ = "We currently do not support this type of security scheme: http/dpop";

/**
 * Prism (`prism proxy`) between the clients and a mock gate: each request and each answer of three flows is held against the
 * documents by somebody else's reading of them.
 */
export async function judgedByPrism({ gate, agent, operator }: Described): Promise<Judged> {
  let exchanges = 0;
  const violations: string[] = [];
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    exchanges += 1;
    const said = JSON.parse(response.headers.get("sl-violations") ?? "[]") as Violation[];
    const { method, url } = new Request(input, init);
    for (const { location, message } of said.filter((one) => one.message !== NOT_READ))
      violations.push(
        `${method} ${new URL(url).pathname} ${response.status}, ${location.join(".")}: ${message}`,
      );
    return response;
  };
  await using front = await startProxy(agent);
  await using back = await startProxy(operator);
  const { apiKey, privateKey, publicBaseUrl } = gate.operatorCredentials;
  await using client = new LatchGateClient({
    agentId: "agent:prism",
    baseUrl: front.url,
    publicBaseUrl,
    fetch: watched,
  });
  const decides = { apiKey, privateKey, publicBaseUrl, baseUrl: back.url, fetch: watched };
  await using decider = new LatchGateOperator(decides);
  await hello(client);
  await approval(client, decider);
  await operating(decider);
  return { exchanges, violations };
}

async function hello(client: LatchGateClient): Promise<void> {
  // Without a budget the gate says 2^63-1, and Prism lets no int64 above 2^53.
  await client.connect({ maxCalls: 20 });
  await client.health();
  await client.ready();
  const [first] = await client.actions();
  await client.action(first?.action_id ?? "");
  await client.actionSchema("http_fetch");
  const { receiptId } = await client.execute("http_fetch", { url: "https://httpbin.org/get" });
  const verdict = verifyReceipt(await client.getReceipt(receiptId));
  if (verdict.state !== "hash_holds") throw new Error(`the receipt came as ${JSON.stringify(verdict)}`);
  await client.leaseKeys();
}

async function approval(client: LatchGateClient, operator: LatchGateOperator): Promise<void> {
  for (const decide of ["approve", "deny"] as const) {
    const held = await client
      .execute("http_sensitive_read", { url: "https://api.github.com/user" })
      .catch((error: unknown) => error);
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    await operator.approvals.list();
    await operator.approvals.get(held.approvalId);
    await operator.approvals[decide](held.approvalId);
    const ended = await client.waitForApproval(held).then(
      ({ ok }) => (ok ? "approve" : "failed"),
      () => "deny",
    );
    if (ended !== decide) throw new Error(`after ${decide} the agent saw ${ended}`);
  }
}

async function operating(operator: LatchGateOperator): Promise<void> {
  await operator.status();
  await operator.epoch();
  await operator.ready();
  await operator.metrics();
  await operator.receiptKeys();
  for await (const event of operator.audit.events()) void event;
  await operator.audit.verify();
  await operator.domains.add("http_fetch", "example.com");
  await operator.domains.list();
  await operator.domains.remove("http_fetch", "example.com");
  await operator.domains.clear("http_fetch");
  await operator.paths.add("fs_write", "docs/**");
  await operator.paths.list();
  await operator.paths.remove("fs_write", "docs/**");
  await operator.paths.clear("fs_write");
  await operator.policy.show();
  await operator.policy.grant("agent:prism", ["http_fetch"]);
  await operator.policy.show("agent:prism");
  await operator.policy.revoke("agent:prism", ["http_fetch"]);
  await operator.reload();
  await operator.revokeAll();
  await operator.drain();
}

interface Proxy extends AsyncDisposable {
  readonly url: string;
}

/** Starts a proxy on a port of its own choice, and waits until it listens. */
async function startProxy({ file, url }: Described["agent"]): Promise<Proxy> {
  const script = join(npmTools(), "node_modules/@stoplight/prism-cli/dist/index.js");
  const child = spawn(NODE(), [script, "proxy", file, url, "--host", "127.0.0.1", "--port", "0"], {
    env: { ...cleanEnvironment(), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await exit;
  };
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line);
    const address = /listening on (http:\/\/[\d.:]+)/.exec(line)?.[1];
    if (address !== undefined) {
      // Nobody reads on, and it must not wait for that.
      child.stdout.resume();
      return { url: address, [Symbol.asyncDispose]: stop };
    }
  }
  throw new Error(`prism does not listen: ${said.join("\n")}`);
}
