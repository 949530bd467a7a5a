import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KindsPerByte, plan, sample } from "./cases.ts";
import { certificate } from "./certificate.ts";
import { violation } from "./judge.ts";
import { type By, type Carrier, type Case, type Lane, openLane, type Verdict } from "./lane.ts";

export interface Driven {
  readonly verdicts: readonly Verdict[];
  readonly violations: readonly (readonly [problem: string, verdict: Verdict])[];
  /** How many calls the whole plan has. */
  readonly planned: number;
}

const CARRIERS: readonly Carrier[] = ["uds", "tcp", "tls"];

/** Makes the calls of the plan, or so many of them, several at a time, and judges them at the end. */
export async function drive({
  by = "undici",
  calls = Number.POSITIVE_INFINITY,
  lanesPerCarrier = 2,
  kinds = { execute: 4, others: 1 },
  only = () => true,
}: {
  by?: By;
  calls?: number;
  lanesPerCarrier?: number;
  kinds?: KindsPerByte;
  only?: (one: Case, carrier: Carrier) => boolean;
}): Promise<Driven> {
  const folder = mkdtempSync(join(tmpdir(), "lgf-"));
  try {
    const tls = certificate(folder);
    let planned = 0;
    const work = CARRIERS.map(async (carrier, nth) => {
      const lanes = await Promise.all(
        Array.from({ length: lanesPerCarrier }, (_, lane) =>
          openLane({ carrier, by, name: `${carrier}${lane}`, folder, tls }),
        ),
      );
      const [first] = lanes as [Lane];
      const lengths = {
        execute: await first.measure("execute"),
        fail: await first.measure("fail"),
        hold: await first.measure("hold"),
        poll: await first.measure("poll"),
        approve: await first.measure("approve"),
        receipt: await first.measure("receipt"),
        lease: await first.measure("lease"),
      };
      const all = plan(lengths, nth, CARRIERS.length, kinds).filter((one) => only(one, carrier));
      planned += all.length;
      const queue = [...sample(all, Math.ceil(calls / CARRIERS.length))];
      await Promise.all(
        lanes.map(async (lane) => {
          for (let one = queue.pop(); one !== undefined; one = queue.pop()) await lane.run(one);
        }),
      );
      return (await Promise.all(lanes.map((lane) => lane.close()))).flat();
    });
    const verdicts = (await Promise.all(work)).flat().filter(({ case: { faults } }) => faults.length > 0);
    const violations = verdicts.flatMap((verdict) => {
      const problem = violation(verdict);
      return problem === undefined ? [] : [[problem, verdict] as const];
    });
    return { verdicts, violations, planned };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
