import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LatchGateClient, LatchGateError } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { certificate } from "./certificate.ts";
import { type CutterFault, createCutter } from "./cutter.ts";
import type { By } from "./lane.ts";
import { createProxy } from "./proxy.ts";

export interface TlsVerdict {
  readonly fault: CutterFault;
  readonly said: string;
  readonly effects: number;
  readonly struck: boolean;
}

const KINDS = ["cut", "close", "corrupt", "stall"] as const;

/** One execute per byte of a TLS connection, its handshake included, that is spoilt at that byte; each kind in turn. */
export async function spoilTls(
  bytes: number,
  every: number,
  by: By = "undici",
): Promise<readonly TlsVerdict[]> {
  const folder = mkdtempSync(join(tmpdir(), "lgt-"));
  const tls = certificate(folder);
  const gate = new MockGate({
    rateLimits: false,
    actions: { mark: { riskLevel: "low", run: () => ({ ok: true }) } },
  });
  const server = await gate.listen({ port: 0 });
  const proxy = await createProxy({
    front: { port: 0 },
    gate: { port: server.port },
    tls,
    restart: () => gate.restart(),
  });
  const cutter = await createCutter(proxy.port);
  const found: { fault: CutterFault; said: string; struck: boolean; marker: string }[] = [];
  const client = new LatchGateClient({
    baseUrl: `https://localhost:${cutter.port}`,
    publicBaseUrl: gate.publicBaseUrl,
    tls: { ca: tls.ca },
    carrier: by,
    agentId: "tls",
    retry: { minDelayMs: 1, maxDelayMs: 2 },
  });
  const run = async (fault: CutterFault, timeoutMs: number) => {
    const marker = `tls-${found.length}`;
    await cutter.disarm();
    cutter.arm(fault);
    const said = await client.execute("mark", { marker }, { timeoutMs }).then(
      () => "result",
      (error: unknown) => (error instanceof LatchGateError ? error.outcome : `foreign ${String(error)}`),
    );
    found.push({ fault, said, struck: cutter.struck > 0, marker });
  };
  await client.connect();
  let turn = 0;
  for (const way of ["request", "answer"] as const)
    for (let at = 0; at < bytes; at += every) {
      const kind = KINDS[turn++ % KINDS.length] ?? "cut";
      await run({ kind, way, at }, kind === "stall" ? 60 : 5_000);
    }
  await client.close();
  await Promise.all([cutter.close(), proxy.close()]);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  const effects = (marker: string) =>
    gate.effects.filter(({ params }) => (params as { marker: string }).marker === marker).length;
  return found.map(({ marker, ...rest }) => ({ ...rest, effects: effects(marker) }));
}

/** Why a verdict is not so. */
export function tlsViolation({ said, effects, fault: { kind, way } }: TlsVerdict): string | undefined {
  if (effects > 1) return `${effects} effects`;
  if (said === "result") return effects === 1 ? undefined : "a result without an effect";
  if (said === "not_executed") return effects === 0 ? undefined : "not executed, and an effect";
  if (said !== "unknown") return said;
  // No whole request can have reached the gate when the bytes towards it were spoilt: the second copy tells.
  return way === "request" && kind !== "stall" && effects === 0 ? "unknown, though it could tell" : undefined;
}
