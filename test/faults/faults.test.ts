import { expect, it } from "vitest";
import { drive } from "./drive.ts";
import { byFault, describeCase, table } from "./report.ts";
import { spoilTls, tlsViolation } from "./tls-bytes.ts";

const CARRIERS = ["undici", "node:http"] as const;

it.each(CARRIERS)(
  "what the client says of a call is so, wherever in request and answer a connection breaks: %s",
  async (by) => {
    const { verdicts, violations } = await drive({ by, calls: 220, lanesPerCarrier: 3 });
    expect(violations.map(([problem, verdict]) => `${problem}: ${describeCase(verdict)}`)).toEqual([]);
    // A run in which nothing goes wrong, or nothing is known any more, would prove nothing.
    expect(verdicts.filter(({ struck }) => struck).length, table(verdicts, byFault)).toBeGreaterThan(180);
    for (const said of ["result", "held", "not_executed", "unknown"] as const)
      expect(verdicts.filter((verdict) => verdict.said === said).length, said).toBeGreaterThan(3);
  },
  90_000,
);

it.each(CARRIERS)(
  "what the client says of a call is so, wherever in TLS and its handshake a connection breaks: %s",
  async (by) => {
    const verdicts = await spoilTls(3_000, 75, by);
    const violations = verdicts.flatMap((verdict) => {
      const problem = tlsViolation(verdict);
      return problem === undefined ? [] : [`${problem}: ${JSON.stringify(verdict)}`];
    });
    expect(violations).toEqual([]);
    expect(verdicts.filter(({ struck }) => struck).length).toBeGreaterThan(30);
  },
  90_000,
);
