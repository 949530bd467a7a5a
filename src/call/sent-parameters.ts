import { LatchGateInvalidRequest, type ParameterIssue } from "../vocabulary/errors.ts";

/** An action's parameters as they are sent: the text, and the value that it says. No object of the caller's is in it. */
export interface SentParameters {
  /** The JSON text, exactly as it travels. */
  readonly text: string;
  /** What `text` says: what is hashed, checked and hinted about. */
  readonly value: Readonly<Record<string, unknown>>;
}

/** What a request may be at most: the gate reads no more of a body (contract agent.md 2.2). */
const MAX_BODY_BYTES = 1024 * 1024;
/** The gate's own limits on any parameters, whatever the schema says (contract agent.md 8.3). */
const MAX_DEPTH = 10;
const MAX_ITEMS = 100;
/** So many issues tell what is wrong, and end the walk through what refers to itself in many places. */
const MOST_ISSUES = 100;

const MUST_BE_OBJECT: ParameterIssue = { path: "", message: "must be an object" };
const TOO_LARGE: ParameterIssue = {
  path: "",
  message: `are larger than the gate takes (${MAX_BODY_BYTES} bytes)`,
};
const TOO_DEEP = `is nested too deep (${MAX_DEPTH} levels at most)`;
const HALF = "half a character (a lone surrogate)";

/**
 * The parameters as they are sent, from what a caller gives. Every value is read once, and copied and checked in one walk:
 * what JSON would change or drop is refused, and so is what is deeper or longer than the gate takes. Members that are
 * undefined are left out; of an object of a class its own members are sent, if it has any.
 * @param given the caller's parameters; undefined: none
 * @throws LatchGateInvalidRequest `invalid_parameters`, with an issue and its path for each thing that can't be sent
 */
export function sentParameters(given: unknown, actionId: string): SentParameters {
  if (given === undefined) return { text: "{}", value: {} };
  if (typeof given !== "object" || given === null) throw unfit(actionId, [MUST_BE_OBJECT]);
  const walk: Walk = { issues: [], names: [], holders: [], depth: 0, bytes: 0 };
  const value = copied(walk, given);
  if (walk.issues.length > 0) throw unfit(actionId, walk.issues);
  const text = JSON.stringify(value);
  if (text.length > MAX_BODY_BYTES / 4 && Buffer.byteLength(text) > MAX_BODY_BYTES)
    throw unfit(actionId, [TOO_LARGE]);
  return { text, value: value as Record<string, unknown> };
}

/** What keeps parameters from being sent, in place of the error that `sentParameters` throws. */
export function sendingIssues(given: unknown): readonly ParameterIssue[] {
  try {
    sentParameters(given, "<parameters>");
    return [];
  } catch (error) {
    return (error as LatchGateInvalidRequest).issues;
  }
}

interface Walk {
  readonly issues: ParameterIssue[];
  /** The names on the way to the value that is looked at. */
  readonly names: (string | number)[];
  /** The objects on the way to it. */
  readonly holders: object[];
  /** How many of both count now: what stands behind is left over. */
  depth: number;
  /** How long the text is at least. */
  bytes: number;
}

/** Ends the walk: what was found by then is enough. */
const ENOUGH = Symbol("enough");

function copied(walk: Walk, given: object): unknown {
  try {
    if (!Array.isArray(given)) return copyObject(walk, given);
    refuse(walk, MUST_BE_OBJECT);
  } catch (error) {
    if (error === TOO_LARGE) walk.issues.unshift(TOO_LARGE);
    // What a getter or a Proxy throws is the caller's own, and is not told.
    else if (error !== ENOUGH) note(walk, "must be readable: a getter or a Proxy failed");
  }
  return undefined;
}

function copyValue(walk: Walk, value: unknown): unknown {
  walk.bytes += 2;
  if (walk.bytes > MAX_BODY_BYTES) throw TOO_LARGE;
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      walk.bytes += value.length;
      return value.isWellFormed() ? value : note(walk, `must not hold ${HALF}`);
    case "number":
      // JSON has no minus zero.
      return Number.isFinite(value)
        ? value + 0
        : note(walk, `must be a number that JSON has, not ${value}: null would be sent`);
    case "object":
      if (value === null) return value;
      return Array.isArray(value) ? copyList(walk, value) : copyObject(walk, value);
    case "undefined":
      return note(walk, "must not be undefined in a list: null would be sent");
    default:
      return note(
        walk,
        `must not be a ${typeof value === "bigint" ? "BigInt" : typeof value}, which has no JSON form`,
      );
  }
}

function copyList(walk: Walk, list: readonly unknown[]): unknown {
  const { depth, names } = walk;
  if (!mayDescend(walk, list)) return undefined;
  if (list.length > MAX_ITEMS) return note(walk, `must have at most ${MAX_ITEMS} items`);
  if (Object.keys(list).length > list.length)
    note(walk, "must not be a list with members beside its items: they would be lost");
  const copy: unknown[] = [];
  for (let index = 0; index < list.length; index += 1) {
    names[depth] = index;
    walk.depth = depth + 1;
    copy.push(copyValue(walk, list[index]));
  }
  walk.depth = depth;
  return copy;
}

function copyObject(walk: Walk, object: object): unknown {
  const { depth, names } = walk;
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype !== Object.prototype && prototype !== null && !isPlain(walk, object, prototype))
    return undefined;
  if (!mayDescend(walk, object)) return undefined;
  const copy: Record<string, unknown> = {};
  for (const name in object) {
    if (!Object.hasOwn(object, name)) continue;
    names[depth] = name;
    walk.depth = depth + 1;
    const value = (object as Record<string, unknown>)[name];
    if (value === undefined) continue;
    walk.bytes += name.length;
    if (!name.isWellFormed()) note(walk, `must not have ${HALF} in its name`);
    const inner = copyValue(walk, value);
    // Assigned, it would be the copy's prototype.
    if (name === "__proto__") Object.defineProperty(copy, name, { value: inner, ...ORDINARY });
    else copy[name] = inner;
  }
  walk.depth = depth;
  return copy;
}

/** Whether what a list or an object holds can be looked at; where not, why is noted. */
function mayDescend(walk: Walk, holder: object): boolean {
  const { depth, holders } = walk;
  if (depth >= MAX_DEPTH) {
    note(walk, holders.includes(holder) ? "must not hold itself (a cycle)" : TOO_DEEP);
    return false;
  }
  holders[depth] = holder;
  const symbols = Object.getOwnPropertySymbols(holder);
  if (symbols.length > 0 && symbols.some((name) => Object.prototype.propertyIsEnumerable.call(holder, name)))
    note(walk, "must not have a member whose name is a symbol: it would be lost");
  return true;
}

/** Whether an object that is not `{}` holds its data in members of its own, as JSON looks for it. */
function isPlain(walk: Walk, object: object, prototype: object): boolean {
  const kind = Object.prototype.toString.call(object).slice("[object ".length, -1);
  const problem =
    typeof (object as { toJSON?: unknown }).toJSON === "function"
      ? `must not have a toJSON method (${kind}), which would change it`
      : kind !== "Object"
        ? `must be what JSON has, not a ${kind}: its content would be lost`
        : Object.getPrototypeOf(prototype) !== null && Object.keys(object).length === 0
          ? "must not be an object of a class without members of its own: {} would be sent"
          : undefined;
  if (problem !== undefined) note(walk, problem);
  return problem === undefined;
}

/** Notes what is wrong with the value that the walk has come to. */
function note(walk: Walk, message: string): undefined {
  refuse(walk, { path: walk.names.slice(0, walk.depth).map(stepOf).join(""), message });
}

const ORDINARY = { enumerable: true, configurable: true, writable: true };

function refuse({ issues }: Walk, issue: ParameterIssue): void {
  if (issues.push(issue) === MOST_ISSUES) throw ENOUGH;
}

/** One step of a JSON Pointer (RFC 6901). */
const stepOf = (name: string | number) => `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;

function unfit(actionId: string, issues: readonly ParameterIssue[]): LatchGateInvalidRequest {
  const list = issues
    .slice(0, 5)
    .map(({ path, message }) => `${path || "they"} ${message}`)
    .join("; ");
  const [first] = issues;
  return new LatchGateInvalidRequest(
    actionId,
    first === MUST_BE_OBJECT || first === TOO_LARGE
      ? `the parameters ${first.message}`
      : `the parameters do not fit what the gate takes: ${list}`,
    { code: "invalid_parameters", issues },
  );
}
