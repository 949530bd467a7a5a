import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../src/documents/document.ts";

/** What a gate answered: `json` where the body is JSON, `text` otherwise, an empty one too. */
export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly json?: Json;
  readonly text?: string;
}

/** One request to a real gate, and what came back: an answer, or the error of a connection that gave none. */
export interface Exchange {
  readonly file: string;
  readonly id: string;
  readonly note: string;
  readonly socket: "agent" | "operator";
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: { readonly [name: string]: string };
    readonly body?: string;
  };
  readonly response: Answer | { readonly error: string };
}

/** A proof that a gate judged: the answer of an execute that carried it. */
export interface ProofVector {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: Json;
}

const FOLDER = join(import.meta.dirname, "../recordings");

/** Every recorded exchange; entries without a request (TLS handshakes) are none. */
export function exchanges(): Exchange[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .flatMap((file) => entries(file, "exchanges").map((entry) => ({ ...entry, file }) as Exchange))
    .filter((exchange) => exchange.request !== undefined);
}

/** Every recorded verdict on a proof. */
export function proofVectors(): ProofVector[] {
  return entries("proofs.json", "vectors") as ProofVector[];
}

/** Whether the gate answered at all. */
export const isAnswer = (response: Exchange["response"]): response is Answer => "status" in response;

export const nameOf = ({ file, id }: Exchange) => `${file} ${id}`;

function entries(file: string, list: string): object[] {
  const recording = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as { [list: string]: object[] };
  return recording[list] ?? [];
}
