import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MockGate } from "latchgate-client/testing";

/** A gate that holds `pay`, with an operator who decides sooner or later, and who counts what has really happened. */
export interface Shop extends AsyncDisposable {
  readonly dir: string;
  /** What workers need in their environment. */
  readonly environment: NodeJS.ProcessEnv;
  effectsOf(callId: string): number;
  /** What the operator said of it. */
  wasDenied(callId: string): boolean;
}

const callIdOf = (params: unknown) => String((params as { callId?: unknown } | null)?.callId);

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function openShop(): Promise<Shop> {
  const dir = mkdtempSync(join(tmpdir(), "latchgate-engines-"));
  const run = async () => {
    await later(Math.random() * 50);
    return { ok: true };
  };
  const gate = new MockGate({
    rateLimits: false,
    leaseTtlSeconds: 3_600,
    builtinActions: false,
    actions: { pay: { riskLevel: "high", run }, ship: { riskLevel: "low", run } },
  });
  // So that a kill finds calls that the gate has, and whose answer is on its way.
  gate.fault({ operation: "executeAction", times: Number.POSITIVE_INFINITY }, { kind: "delay", ms: 250 });
  const server = await gate.listen({ dir });
  const seen = new Set<string>();
  const denied = new Set<string>();
  const operator = setInterval(() => {
    for (const { approvalId, params } of gate.approvals) {
      if (seen.has(approvalId)) continue;
      seen.add(approvalId);
      const isDenied = Math.random() < 0.1;
      if (isDenied) denied.add(callIdOf(params));
      setTimeout(() => {
        if (isDenied) void gate.deny(approvalId, "not today");
        else void gate.approve(approvalId);
      }, Math.random() * 2_500);
    }
  }, 50);
  return {
    dir,
    environment: {
      ...process.env,
      ENGINES_SOCKET: server.socket ?? "",
      ENGINES_KEY: randomBytes(32).toString("base64"),
    },
    effectsOf: (callId) => gate.effects.filter(({ params }) => callIdOf(params) === callId).length,
    wasDenied: (callId) => denied.has(callId),
    async [Symbol.asyncDispose]() {
      clearInterval(operator);
      await server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
