import type { Probe } from "../probing/probe.ts";
import type { Answer, Drift } from "./judge.ts";

/** A difference between the gate and its documents, as often as it was seen. */
export interface Finding extends Drift {
  readonly socket: "agent" | "operator";
  /** The operation, or `route` for a request that is none. */
  readonly operation: string;
  readonly status: number;
  /** The first request that showed it. */
  readonly request: string;
  readonly times: number;
}

/** A probe that could not be made. */
export interface NotMade {
  readonly socket: "agent" | "operator";
  readonly id: string;
  readonly why: string;
}

/** What a check has found, in its own words and for programs. */
export interface Report {
  readonly exchanges: number;
  readonly operations: readonly string[];
  readonly notAsked: readonly string[];
  readonly drift: readonly Finding[];
  readonly notMade: readonly NotMade[];
  readonly leftOut: readonly string[];
}

/** Collects; the same difference in many answers is one finding. */
export function createReport() {
  const findings = new Map<string, Finding>();
  const notMade: NotMade[] = [];
  const operations = new Set<string>();
  let exchanges = 0;

  return {
    answered(
      socket: Finding["socket"],
      operation: string,
      { method, path }: Probe,
      { status }: Answer,
      drift: readonly Drift[],
    ) {
      exchanges += 1;
      operations.add(operation);
      for (const one of drift) {
        const at = one.at.replaceAll(/\[\d+\]/g, "[*]");
        const key = [
          operation,
          status,
          one.kind,
          at,
          one.kind === "value" || one.kind === "word" ? "" : one.what,
        ].join(" ");
        const known = findings.get(key);
        findings.set(key, {
          ...(known ?? { ...one, at, socket, operation, status, request: `${method} ${path}` }),
          times: (known?.times ?? 0) + 1,
        });
      }
    },
    notMade: (socket: NotMade["socket"], id: string, why: string) => void notMade.push({ socket, id, why }),
    done: (known: readonly string[], leftOut: readonly string[]): Report => ({
      ...{ exchanges, operations: [...operations].filter((id) => known.includes(id)), notMade, leftOut },
      notAsked: known.filter((id) => !operations.has(id)),
      drift: [...findings.values()],
    }),
  };
}

/** 1 where something differs, 3 where something could not be asked, else 0. */
export function exitCode({ drift, notMade }: Report): number {
  if (drift.length > 0) return 1;
  return notMade.length > 0 ? 3 : 0;
}

/** One line each, and a last one that counts. */
export function linesOf({ exchanges, operations, notAsked, drift, notMade, leftOut }: Report): string[] {
  const differing = drift.map(({ operation, status, at, what, request, times }) => {
    const where = at === "" ? "the answer" : at;
    return `drift     ${operation} ${status}: ${where} ${what} (${request}${times === 1 ? "" : `, and ${times - 1} more`})`;
  });
  const reasons = groups(notMade);
  const unmade = [...reasons].map(
    ([why, ids]) =>
      `not made  ${ids.slice(0, 4).join(", ")}${ids.length > 4 ? ` and ${ids.length - 4} more` : ""}: ${why}`,
  );
  const count = `${exchanges} exchanges, ${operations.length} of ${operations.length + notAsked.length} operations`;
  const verdict = [
    drift.length === 0
      ? "nothing differs"
      : `${drift.length} ${drift.length === 1 ? "difference" : "differences"}`,
    ...(notMade.length === 0 ? [] : [`${notMade.length} probes could not be made`]),
  ].join(", ");
  return [
    ...differing,
    ...unmade,
    ...leftOut.map((line) => `left out  ${line}`),
    ...(notAsked.length === 0 ? [] : [`not asked ${notAsked.join(", ")}`]),
    `${verdict}: ${count}`,
  ];
}

function groups(notMade: readonly NotMade[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { id, why } of notMade) found.set(why, [...(found.get(why) ?? []), id]);
  return found;
}
