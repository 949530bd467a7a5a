import { MockGate } from "../gate/gate.ts";
import type { MockGateOptions } from "../gate/options.ts";
import { CHECKS, type CheckName } from "./conformance-checks.ts";
import type { ClientFactory, OutcomeOf, SentRequest } from "./conforming.ts";

/** What one check found. */
export interface ConformanceFinding {
  readonly check: CheckName;
  readonly passed: boolean;
  /** Why it did not pass, in a sentence. */
  readonly why: string | undefined;
}

/** A check may take so long; what hangs does not conform. */
const CHECK_MS = 10_000;

const BASE_URL = "http://localhost:4000";

/**
 * Checks a client of a gate: each check has a mock gate of its own, a client fresh from the factory, and one thing that
 * goes wrong. What counts is what the gate's actions really did, and what the gate received; no client is believed.
 *
 * ```ts
 * const report = await conformance(({ fetch, now, baseUrl, publicBaseUrl }) => myClient({ fetch, now, … }));
 * expect(report.filter(({ passed }) => !passed)).toEqual([]);
 * ```
 *
 * That a check can fail is proven by `twin(flaw)`: clients that are right but for one flaw.
 *
 * @param options.only these checks alone
 * @param options.outcomeOf what an error says of the effect; its member `outcome` when left out
 */
export async function conformance(
  clientFactory: ClientFactory,
  options: { readonly only?: readonly CheckName[]; readonly outcomeOf?: OutcomeOf } = {},
): Promise<readonly ConformanceFinding[]> {
  const { only, outcomeOf = outcomeMember } = options;
  const names = only ?? (Object.keys(CHECKS) as CheckName[]);
  return Promise.all(names.map((check) => finding(check, clientFactory, outcomeOf)));
}

async function finding(
  check: CheckName,
  clientFactory: ClientFactory,
  outcomeOf: OutcomeOf,
): Promise<ConformanceFinding> {
  const gate = new MockGate(gateOptions());
  const sent: SentRequest[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    sent.push({ path: new URL(url).pathname, at: performance.now() });
    return gate.fetch(input, init);
  };
  const { now, publicBaseUrl } = gate;
  const client = clientFactory({ fetch, now, publicBaseUrl, baseUrl: BASE_URL });
  let callOff = () => {};
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`it took longer than ${CHECK_MS} ms`)), CHECK_MS);
    callOff = () => clearTimeout(timer);
  });
  try {
    await Promise.race([CHECKS[check]({ gate, client, sent, outcomeOf }), late]);
    return { check, passed: true, why: undefined };
  } catch (error) {
    return { check, passed: false, why: error instanceof Error ? error.message : String(error) };
  } finally {
    callOff();
    // A client that hangs is not waited for.
    void client.close?.().catch(() => {});
  }
}

const outcomeMember: OutcomeOf = (error) => {
  const { outcome } = (error ?? {}) as { outcome?: unknown };
  return outcome === "not_executed" || outcome === "unknown" || outcome === "executed" ? outcome : undefined;
};

const gateOptions = (): MockGateOptions => ({
  publicBaseUrl: "https://gate.example:8443",
  rateLimits: false,
  builtinActions: false,
  actions: {
    act: { riskLevel: "low", run: () => ({ ok: true }) },
    fail: { riskLevel: "low", run: () => ({ ok: false }) },
    break: {
      riskLevel: "low",
      run: () => {
        throw new Error("it broke after its effect");
      },
    },
    stray: { riskLevel: "low", run: () => ({ done: true }) },
    risky: { riskLevel: "high", run: () => ({ ok: true }) },
  },
});
