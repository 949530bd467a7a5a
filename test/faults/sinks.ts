import { format, inspect } from "node:util";

/** Every way by which a value becomes text in a log, a report or another process. */
const sinks: Readonly<Record<string, (value: unknown) => string>> = {
  message: (value) => String((value as { message?: unknown } | null)?.message),
  stack: (value) => String((value as { stack?: unknown } | null)?.stack),
  String: (value) => String(value),
  JSON: (value) => JSON.stringify(value) ?? "",
  inspect: (value) => inspect(value),
  hidden: (value) => inspect(value, { showHidden: true, depth: null, getters: true, maxStringLength: null }),
  "%o": (value) => format("%o %O %j %s", value, value, value, value),
  clone: (value) => inspect(structuredClone(value), { showHidden: true, depth: null }),
  causes: (value) => causesOf(value).join("\n"),
  fields: (value) => fieldsOf(value),
};

function causesOf(value: unknown): string[] {
  const found: string[] = [];
  for (let at = value; typeof at === "object" && at !== null; at = (at as { cause?: unknown }).cause)
    found.push(`${String(at)} ${inspect(at, { showHidden: true, depth: null })} ${format("%o", at)}`);
  return found;
}

/** All that can be reached from a value by its fields, of whatever kind. */
function fieldsOf(value: unknown): string {
  const seen = new Set<unknown>();
  const parts: string[] = [];
  const look = (at: unknown): void => {
    if (seen.has(at)) return;
    seen.add(at);
    if (Buffer.isBuffer(at)) parts.push(at.toString());
    else if ((typeof at === "object" && at !== null) || typeof at === "function") {
      for (const key of Reflect.ownKeys(at)) look(Reflect.get(at, key));
      if (at instanceof Map || at instanceof Set) for (const one of at) look(one);
    } else parts.push(String(at));
  };
  look(value);
  return parts.join("\n");
}

const table = new Map<string, Record<string, number>>();
/** Puts a value through every sink, and counts where a secret comes out. */
export function leaksOf(name: string, value: unknown, secrets: readonly string[]): readonly string[] {
  const rows = table.get(name) ?? {};
  table.set(name, rows);
  const found: string[] = [];
  for (const [sink, print] of Object.entries(sinks)) {
    let text: string;
    try {
      text = print(value);
    } catch (error) {
      // Functions can't be cloned: what says so is a sink as well.
      text = String(error);
    }
    const leaks = secrets.flatMap(partsOf).filter((secret) => text.includes(secret));
    rows[sink] = (rows[sink] ?? 0) + leaks.length;
    if (leaks.length > 0) found.push(`${name}, ${sink}: ${leaks.length} in ${text.slice(0, 120)}`);
  }
  return found;
}

/** A token's signature alone, and the body of a PEM, are as secret as the whole. */
function partsOf(secret: string): string[] {
  const signature = /^[\w-]+\.[\w-]+\.([\w-]{20,})$/.exec(secret)?.[1];
  const pem = secret.startsWith("-----BEGIN")
    ? secret.split("\n").filter((line) => /^[\w+/=]{30,}$/.test(line))
    : [];
  return [secret, ...(signature === undefined ? [] : [signature]), ...pem];
}

/** Leaks by what was looked at, and sink. */
export function leakTable(): string {
  const columns = Object.keys(sinks);
  const width = Math.max(...[...table.keys()].map((name) => name.length));
  const lines = [...table].map(([name, row]) =>
    [name.padEnd(width), ...columns.map((sink) => String(row[sink] ?? 0).padStart(8))].join(" "),
  );
  const head = ["".padEnd(width), ...columns.map((sink) => sink.padStart(8))].join(" ");
  return `leaks by class and sink\n${[head, ...lines].join("\n")}`;
}
