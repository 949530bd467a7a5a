import { readFileSync } from "node:fs";
import { MockGate } from "../../../src/testing/index.ts";
import { ask } from "../by-hand.ts";
import { recoverLeaseKey } from "../recovered-key.ts";

/** A recorded proof with its verdict. */
export interface Vector {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly public_base_url: string;
  readonly authorization: string;
  readonly proof: string;
  readonly now: number;
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

const file = readFileSync(new URL("../../recordings/proofs.json", import.meta.url), "utf8");

export const { vectors } = JSON.parse(file) as { readonly vectors: readonly Vector[] };

/** The gate of the vectors was recorded without its key set: its key is found again from the lease. */
export function gateOfVectors(now: () => number): MockGate {
  const [first] = vectors;
  const key = recoverLeaseKey(first?.authorization.slice(5) ?? "");
  if (first === undefined || key === undefined) throw new Error("no key fits the lease of the vectors");
  return new MockGate({ now, trustedLeaseKeys: [key], publicBaseUrl: first.public_base_url });
}

export function deliver(gate: MockGate, { authorization, proof, public_base_url, path, method }: Vector) {
  const headers = { authorization, dpop: proof };
  return ask(gate.send, { url: `${public_base_url}${path}`, method, headers, body: "{}" });
}

/** Asks the mock every recorded proof as it was, in the recorded order. */
export async function replayVectors() {
  let now = 0;
  const gate = gateOfVectors(() => now);
  const complaints: unknown[] = [];
  for (const vector of vectors) {
    now = vector.now * 1000;
    const { status, json } = await deliver(gate, vector);
    const same = status === vector.status && JSON.stringify(json) === JSON.stringify(vector.body);
    if (!same)
      complaints.push({ id: vector.id, expected: [vector.status, vector.body], got: [status, json] });
  }
  return { file: "proofs", same: vectors.length - complaints.length, all: vectors.length, complaints };
}
