import { BlockList, isIP } from "node:net";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";

/** What the gate takes as a value, checked before it is sent: most of it is said there in one word and no sentence. */

/** A domain as the gate stores it (contract operator.md 2.16). A removal compares the text, so both send this form. */
export function checkedDomain(domain: string): string {
  const text = checkedText(domain, "the domain").trim().toLowerCase().replace(/\.$/, "");
  const problem = domainProblem(text);
  if (problem !== undefined) throw wrongValue("invalid_domain", `the domain ${quoted(domain)} ${problem}`);
  return text;
}

function domainProblem(text: string): string | undefined {
  if (text === "") return "is empty";
  if (isIP(text) === 4)
    return NOT_PUBLIC.check(text)
      ? "is a private or reserved address: only public ones can be learned"
      : undefined;
  if (text === "localhost") return "is this machine: only public domains can be learned";
  if (/\s/.test(text)) return "has a space in it";
  if (/[:/]/.test(text)) return "is no bare domain (no scheme, no port, no path)";
  const wildcard = text.startsWith("*.");
  const labels = (wildcard ? text.slice(2) : text).split(".");
  if (text.length > 253) return "is longer than 253 characters";
  if (labels.some((label) => label === "" || label.length > 63))
    return "has a label that is empty or longer than 63 characters";
  if (labels.some((label) => !/^[a-z0-9-]+$/.test(label)))
    return text.includes("*")
      ? "may have a wildcard only in front, as *."
      : "has characters that no domain has (a-z, 0-9 and -; write others in punycode)";
  if (wildcard && labels.length < 3)
    return `is too broad: a wildcard must stand before at least three labels; ${labels.length < 2 ? "name the domains" : `${labels.join(".")} without it covers its subdomains too`}`;
  return labels.length < 2 ? "has no dot in it" : undefined;
}

const NOT_PUBLIC = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  NOT_PUBLIC.addSubnet(network, prefix);

/** A path glob (contract operator.md 2.17). */
export function checkedGlob(glob: string): string {
  const problem = globProblem(checkedText(glob, "the path glob"));
  if (problem !== undefined)
    throw wrongValue("invalid_path_glob", `the path glob ${quoted(glob)} ${problem}`);
  return glob;
}

/** A path glob for an approve: an absolute one is made relative to the session's root by the gate. */
export function checkedGlobToLearn(glob: string): string {
  const absolute = typeof glob === "string" && glob.startsWith("/");
  const problem = globProblem(absolute ? glob.replace(/^\/+/, "") : checkedText(glob, "learnPath"));
  if (problem !== undefined) throw wrongValue("invalid_path_glob", `learnPath ${quoted(glob)} ${problem}`);
  return glob;
}

/** Why the gate does not take a glob; undefined if it does. */
export function globProblem(glob: string): string | undefined {
  if (glob.trim() === "") return "is empty";
  if (Buffer.byteLength(glob) > 1024) return "is longer than 1024 bytes";
  if (glob.startsWith("/")) return "is absolute: globs are relative to the root of the session";
  if (["*", "**", "**/*"].includes(glob)) return "would open everything: name a directory";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that are refused
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(glob)) return "has a control character in it";
  const segments = glob.split("/");
  if (segments.includes("..")) return "has a .. in it";
  const [first = ""] = segments;
  if (
    SENSITIVE.some((name) => first === name || first.startsWith(`${name}.`) || first.startsWith(`${name}*`))
  )
    return `begins with ${first}, which the gate never opens`;
  return glob.startsWith(".config/latchgate")
    ? "begins with .config/latchgate, which the gate never opens"
    : undefined;
}

const SENSITIVE = [
  ".env",
  ".ssh",
  ".git",
  ".latchgate",
  ".aws",
  ".gnupg",
  ".pgpass",
  ".netrc",
  ".docker",
  ".kube",
];

/** The id of an action, where something is learned for it or it is granted. */
export function checkedActionId(actionId: string): string {
  return matching(
    actionId,
    /^[A-Za-z0-9_-]{1,253}$/,
    "invalid_action_id",
    "an action's id has 1 to 253 of A-Z, a-z, 0-9, _ and -",
  );
}

export function checkedActionIds(actionIds: readonly string[]): string[] {
  if (!Array.isArray(actionIds) || actionIds.length === 0)
    throw wrongValue("empty_actions", "give a list with at least one action's id");
  if (actionIds.length > 100)
    throw wrongValue("too_many_actions", "the gate takes at most 100 actions at a time");
  return actionIds.map(checkedActionId);
}

/** An agent's name, where it is granted something; `*` is everybody. */
export function checkedPrincipal(principal: string): string {
  const text = checkedText(principal, "the principal");
  if (text === "" || Buffer.byteLength(text) > 253)
    throw wrongValue("invalid_principal", "a principal has 1 to 253 bytes");
  return text;
}

/** A part of an allowlist's entry (contract operator.md 2.22). */
export function checkedListed(text: string, what: string): string {
  return matching(
    text,
    /^[A-Za-z0-9_:-]{1,128}$/,
    "invalid_input",
    `${what} on the allowlist has 1 to 128 of A-Z, a-z, 0-9, _, : and -`,
  );
}

function matching(text: string, pattern: RegExp, code: string, rule: string): string {
  if (pattern.test(checkedText(text, "the value"))) return text;
  throw wrongValue(code, `${rule}: ${quoted(text)} does not fit`);
}

function checkedText(text: unknown, what: string): string {
  // A lone surrogate has no UTF-8 form: what arrived would be another text.
  if (typeof text === "string" && !/\p{Surrogate}/u.test(text)) return text;
  throw wrongValue("invalid_options", `${what} must be a text`);
}

const quoted = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

export const wrongValue = (code: string, problem: string) =>
  new LatchGateInvalidRequest("<operator>", problem, { code });
