/** One operation that can be called: where, and by which name. */
export interface Route<OperationId extends string> {
  readonly operationId: OperationId;
  readonly method: string;
  readonly path: string;
}

/** Where a request goes: to an operation, or to one of the answers that the gate's framework gives by itself. */
export type Match<OperationId extends string> =
  | {
      readonly state: "found";
      readonly operationId: OperationId;
      readonly parameters: Record<string, string>;
      readonly head: boolean;
    }
  | { readonly state: "no_route" }
  | { readonly state: "wrong_method"; readonly allow: string }
  | { readonly state: "bad_parameter"; readonly name: string };

/**
 * The gate's own matching: on the raw path, byte for byte (no trailing slash, no empty segment, nothing decoded but
 * a parameter's value), `HEAD` wherever there is a `GET`.
 */
export function createRouter<OperationId extends string>(routes: readonly Route<OperationId>[]) {
  const paths = new Map<string, { segments: string[]; methods: Map<string, OperationId> }>();
  for (const { operationId, method, path } of routes) {
    const entry = paths.get(path) ?? {
      segments: path.slice(1).split("/"),
      methods: new Map<string, OperationId>(),
    };
    entry.methods.set(method, operationId);
    paths.set(path, entry);
  }
  // A literal segment wins over a parameter.
  const entries = [...paths.values()].sort((one, other) => wildness(one.segments) - wildness(other.segments));

  return (method: string, path: string): Match<OperationId> => {
    if (!path.startsWith("/")) return { state: "no_route" };
    const segments = path.slice(1).split("/");
    const entry = entries.find((candidate) => fits(candidate.segments, segments));
    if (entry === undefined) return { state: "no_route" };
    const head = method === "HEAD";
    const operationId = entry.methods.get(head ? "GET" : method);
    if (operationId === undefined) return { state: "wrong_method", allow: allowOf(entry.methods) };
    const parameters: Record<string, string> = {};
    for (const [index, segment] of entry.segments.entries()) {
      if (!segment.startsWith("{")) continue;
      const name = segment.slice(1, -1);
      const value = decoded(segments[index] ?? "");
      if (value === undefined) return { state: "bad_parameter", name };
      parameters[name] = value;
    }
    return { state: "found", operationId, parameters, head };
  };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  if (pattern.length !== segments.length) return false;
  return pattern.every((part, index) =>
    part.startsWith("{") ? segments[index] !== "" : part === segments[index],
  );
}

function wildness(segments: readonly string[]): number {
  return segments.filter((segment) => segment.startsWith("{")).length;
}

function allowOf(methods: ReadonlyMap<string, unknown>): string {
  return [...methods.keys()].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(",");
}

/** `undefined` when the bytes are not UTF-8. A stray `%` stays what it is. */
function decoded(segment: string): string | undefined {
  if (!segment.includes("%")) return segment;
  const bytes: number[] = [];
  for (const part of segment.match(/%[0-9a-fA-F]{2}|[^%]+|%/g) ?? []) {
    if (part.length === 3 && part.startsWith("%")) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...Buffer.from(part));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    return undefined;
  }
}
