import type { OperationFacts } from "../generated/operations.ts";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";

/** What a request may be at most: the gate reads no more of a body (contract agent.md 2.2). */
const MAX_BODY_BYTES = 1024 * 1024;

/** A path whose parameters the document allows. */
interface CheckedPath {
  /** As the gate compares it with a proof: decoded. */
  readonly path: string;
  /** As it travels. */
  readonly encoded: string;
}

/** What is known of one operation's paths: a program calls few actions, many times, and looking one up saves 2 µs a call. */
interface KnownPaths {
  readonly names: readonly string[];
  readonly checked: Map<unknown, CheckedPath>;
}

const knownPaths = new WeakMap<OperationFacts, KnownPaths>();
const MAX_CHECKED = 500;

/** The request's path, with every parameter checked against the document before it gets there. */
export function checkedPath(
  operation: OperationFacts,
  parameters: Readonly<Record<string, unknown>>,
  subject: string,
): CheckedPath {
  const { names, checked } = knownOf(operation);
  const [name = ""] = names;
  const found = names.length === 1 ? checked.get(parameters[name]) : undefined;
  if (found !== undefined) return found;
  const path = checkPath(operation, names, parameters, subject);
  if (checked.size === MAX_CHECKED) checked.clear();
  if (names.length === 1) checked.set(parameters[name], path);
  return path;
}

function knownOf(operation: OperationFacts): KnownPaths {
  const known = knownPaths.get(operation);
  if (known !== undefined) return known;
  const made = { names: Object.keys(operation.parameters), checked: new Map() };
  knownPaths.set(operation, made);
  return made;
}

function checkPath(
  operation: OperationFacts,
  names: readonly string[],
  parameters: Readonly<Record<string, unknown>>,
  subject: string,
): CheckedPath {
  let path = operation.path as string;
  for (const name of names) {
    const value = parameters[name];
    const problem = identifierProblem(operation, name, value);
    if (problem !== undefined)
      throw new LatchGateInvalidRequest(subject, problem, { code: "invalid_identifier" });
    // A function, for a text would have its `$` read as a pattern.
    path = path.replace(`{${name}}`, () => String(value));
  }
  // What the document allows in a parameter has no other meaning in a URL.
  return { path, encoded: encodeURI(path) };
}

/** The query as it travels; a parameter that is undefined is left out. */
export function searchOf(query: Readonly<Record<string, string | number | undefined>> | undefined): string {
  if (query === undefined) return "";
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`;
}

/** Why a value can't be this path parameter; undefined if it can. */
export function identifierProblem(
  operation: OperationFacts,
  name: string,
  value: unknown,
): string | undefined {
  const facts = operation.parameters[name];
  if (facts === undefined) throw new TypeError(`${operation.path} has no parameter ${name}`);
  if (typeof value !== "string") return `${name} must be a string`;
  if (value === "") return `${name} must not be empty`;
  if (value.length > facts.maxLength) return `${name} exceeds maximum length (${facts.maxLength})`;
  if (!patternOf(facts.pattern).test(value)) return `${name} contains invalid characters`;
  return undefined;
}

const patterns = new Map<string, RegExp>();

/** The documents' few patterns, compiled once each. */
function patternOf(source: string): RegExp {
  const known = patterns.get(source);
  if (known !== undefined) return known;
  const pattern = new RegExp(source);
  patterns.set(source, pattern);
  return pattern;
}

/** The JSON text of parameters, or an error that says what in them has none. */
export function jsonText(value: unknown, subject: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new LatchGateInvalidRequest(
      subject,
      `the parameters can't be sent as JSON: ${jsonProblem(error)}`,
      {
        code: "invalid_parameters",
      },
    );
  }
  if (text === undefined)
    throw new LatchGateInvalidRequest(subject, "the parameters have no JSON form", {
      code: "invalid_parameters",
    });
  // What a toJSON method makes of them counts: a Date becomes text.
  if (!text.startsWith("{"))
    throw new LatchGateInvalidRequest(subject, "the parameters must be an object, as JSON too", {
      code: "invalid_parameters",
    });
  if (text.length > MAX_BODY_BYTES / 4 && Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw new LatchGateInvalidRequest(
      subject,
      `the parameters are larger than the gate takes (${MAX_BODY_BYTES} bytes)`,
      {
        code: "invalid_parameters",
      },
    );
  return text;
}

/** JSON.stringify's own words name a path through the caller's objects: enough to know which of three things it was. */
function jsonProblem(error: unknown): string {
  if (error instanceof RangeError) return "they are nested too deep";
  if (!(error instanceof TypeError)) return "a toJSON method of theirs failed";
  if (/BigInt/.test(error.message)) return "they hold a BigInt";
  return /circular/i.test(error.message) ? "they hold a cycle" : "a toJSON method of theirs failed";
}
