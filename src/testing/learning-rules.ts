/** What may be learned, and why not: a domain in its normal form, or a sentence. */
export type DomainVerdict =
  | { readonly ok: true; readonly domain: string }
  | { readonly ok: false; readonly problem: string };

/** The rules of a learned domain (operator.md 2.16). The sentences are this mock's: none was recorded. */
export function checkDomain(value: string): DomainVerdict {
  const refuse = (problem: string): DomainVerdict => ({ ok: false, problem: `invalid domain: ${problem}` });
  const domain = value
    .trim()
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/\.$/, "");
  if (domain === "") return refuse("must not be empty");
  if (/\s/.test(domain)) return refuse("must not contain whitespace");
  if (domain === "localhost") return refuse("localhost is not allowed");
  if (isPrivateAddress(domain)) return refuse(`${domain} is a private or reserved address`);
  if (!domain.includes(".")) return refuse(`${domain} has no dot`);
  if (domain.length > 253) return refuse("longer than 253 characters");
  const wildcard = domain.startsWith("*.");
  const labels = (wildcard ? domain.slice(2) : domain).split(".");
  if (labels.some((label) => label === "" || label.length > 63))
    return refuse("a label must be 1-63 characters");
  if (labels.some((label) => /[^a-z0-9-]/.test(label)))
    return refuse("only letters, digits, '-' and '.' are allowed, and '*' as the first label");
  if (wildcard && labels.length < 3)
    return refuse(`the wildcard ${domain} is too broad: its suffix needs at least three labels`);
  return { ok: true, domain };
}

function isPrivateAddress(text: string): boolean {
  const octets = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (octets === undefined) return false;
  const [first = 0, second = 0] = octets;
  if ([0, 10, 127].includes(first) || first >= 224) return true;
  return (
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second < 128)
  );
}

const HIDDEN = [
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

/** Why a path glob may not be learned (operator.md 2.17), in words of this mock; `undefined` if it may. */
export function pathGlobProblem(glob: string): string | undefined {
  const bytes = Buffer.byteLength(glob);
  if (bytes === 0 || bytes > 1024) return "path_glob must be 1-1024 bytes";
  if (glob.trim() === "") return "path_glob must not be blank";
  if (glob.startsWith("/")) return "path_glob must be relative";
  if (["*", "**", "**/*"].includes(glob)) return `path_glob '${glob}' is too broad`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/.test(glob))
    return "path_glob must not contain control characters";
  const segments = glob.split("/");
  if (segments.includes("..")) return "path_glob must not contain '..'";
  const first = segments[0] ?? "";
  const hidden = HIDDEN.some(
    (name) => first === name || (/^[.*]/.test(first.slice(name.length)) && first.startsWith(name)),
  );
  if (hidden || glob.startsWith(".config/latchgate")) return `path_glob '${glob}' is sensitive`;
  return undefined;
}

/** Why a text is no action's id; `undefined` if it is. The registry is not asked. */
export function actionIdProblem(actionId: string): string | undefined {
  const bytes = Buffer.byteLength(actionId);
  if (bytes === 0 || bytes > 253) return "action_id must be 1-253 characters";
  return /^[A-Za-z0-9_-]+$/.test(actionId) ? undefined : "action_id must contain only [a-zA-Z0-9_-]";
}
