import { readFileSync } from "node:fs";

// biome-ignore lint/suspicious/noExplicitAny: recordings are read as they are
export type Json = any;

export interface Exchange {
  readonly id: string;
  readonly note: string;
  readonly socket: "agent" | "operator";
  readonly transport: string;
  readonly at: string;
  /** How long it took. */
  readonly ms: number;
  readonly request: Asked;
  readonly response: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly json?: Json;
    readonly text?: string;
    /** There was no answer. */
    readonly error?: string;
  };
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Recording {
  readonly public_base_url: string;
  readonly operator?: undefined | { readonly api_key: string; readonly dpop_jkt: string };
  readonly exchanges: readonly Exchange[];
  /** What was recorded and is no exchange: TLS handshakes. */
  readonly others: readonly { readonly id: string; readonly note: string }[];
}

/** `run`: of a file with several gates' runs, this one's. */
export function recordingOf(file: string, run?: string): Recording {
  const text = readFileSync(new URL(`../../recordings/${file}.json`, import.meta.url), "utf8");
  const recording = JSON.parse(text) as Recording & {
    exchanges: (Exchange | { id: string; note: string })[];
  };
  const isExchange = (entry: object): entry is Exchange => "request" in entry;
  const operators = recording.operator as unknown as Readonly<Record<string, Recording["operator"]>>;
  return {
    ...recording,
    ...(run === undefined ? {} : { operator: operators[run] }),
    exchanges: recording.exchanges
      .filter(isExchange)
      .filter(({ id }) => run === undefined || id.startsWith(`${run}.`)),
    others: recording.exchanges.filter((entry) => !isExchange(entry)),
  };
}

/** The claims of a JWT, or its header. */
export function partOf(token: string, part: 0 | 1): Record<string, Json> | undefined {
  try {
    return JSON.parse(Buffer.from(token.split(".")[part] ?? "", "base64url").toString()) as Record<
      string,
      Json
    >;
  } catch {
    return undefined;
  }
}
