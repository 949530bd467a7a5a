/** What may be learned, and why not: a domain in its normal form, or a sentence. */
export type DomainVerdict =
  | { readonly ok: true; readonly domain: string }
  | { readonly ok: false; readonly problem: string };

/** The rules of a learned domain (operator.md 2.16), in the gate's words and order. */
export function checkDomain(value: string): DomainVerdict {
  const refuse = (problem: string): DomainVerdict => ({ ok: false, problem });
  const domain = value
    .trim()
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/\.$/, "");
  if (domain === "") return refuse("domain must not be empty or whitespace-only");
  if (/\s/.test(domain)) return refuse("domain contains whitespace");
  if (domain === "localhost") return refuse("'localhost' is not permitted as a learned domain");
  if (isPrivateAddress(domain)) {
    return refuse(`'${domain}' is a private/reserved IP address — learned domains must be public`);
  }
  const suffix = domain.startsWith("*.") ? domain.slice(2) : undefined;
  if ((suffix ?? domain).includes("*")) {
    return refuse(
      "invalid wildcard: only '*.suffix' form is supported; bare '*' and mid-string wildcards are not",
    );
  }
  if (suffix !== undefined && !suffix.includes(".")) {
    return refuse(
      `wildcard suffix too short: '${domain}' — suffix after '*.' must contain at least one dot (e.g. '*.example.com', not '*.com')`,
    );
  }
  if (!domain.includes(".")) return refuse(`domain must contain at least one dot (got '${domain}')`);
  if (domain.length > 253) return refuse("domain exceeds 253 characters");
  const labels = (suffix ?? domain).split(".");
  for (const label of labels) {
    if (label === "") {
      return refuse(
        "domain label must not be empty (double dot or leading/trailing dot after normalization)",
      );
    }
    if (label.length > 63) return refuse(`domain label '${label}' exceeds 63 characters`);
    const strange = /[^a-z0-9-]/u.exec(label);
    if (strange !== null) {
      return refuse(
        `domain contains invalid character '${strange[0]}' — only ASCII alphanumerics, hyphens, and dots are allowed`,
      );
    }
  }
  if (suffix !== undefined && labels.length < 3) {
    return refuse(
      `wildcard '${domain}' has a broad suffix (fewer than 3 labels) — use --force on the CLI to accept this risk`,
    );
  }
  return { ok: true, domain };
}

function isPrivateAddress(text: string): boolean {
  // Of IPv6 only the loopback and what is local were ever asked; another colon is no letter of a domain.
  if (/^(?:::1?|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)$/.test(text)) return true;
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

/** Why a path glob may not be learned (operator.md 2.17), in the gate's words; `undefined` if it may. */
export function pathGlobProblem(glob: string): string | undefined {
  if (glob.trim() === "") return "path glob must not be empty or whitespace-only";
  if (glob.startsWith("/")) return "path glob must be relative (no leading '/')";
  if (["*", "**", "**/*"].includes(glob))
    return `catch-all pattern '${glob}' is too broad — use a scoped pattern like 'src/**' instead`;
  const control = controlIn(glob);
  if (control !== undefined) return control;
  const segments = glob.split("/");
  if (segments.includes("..")) return "parent traversal ('..') is not allowed in learned paths";
  const first = segments[0] ?? "";
  const hidden =
    HIDDEN.find((name) => first === name || new RegExp(`^\\${name}[.*]`).test(first)) ??
    (glob.startsWith(".config/latchgate") ? ".config/latchgate" : undefined);
  return hidden === undefined
    ? undefined
    : `glob targets sensitive location '${hidden}' — these are covered by the runtime deny list and must not be learned as allow patterns`;
}

/** The same where a glob comes in a body: with a limit of its length. */
export function sentPathGlobProblem(glob: string): string | undefined {
  const bytes = Buffer.byteLength(glob);
  return bytes === 0 || bytes > 1024 ? "path_glob must be 1-1024 characters" : pathGlobProblem(glob);
}

function controlIn(glob: string): string | undefined {
  for (const [position, byte] of Buffer.from(glob).entries()) {
    if (byte === 0) return `null byte at position ${position}`;
    if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f)
      return `control character 0x${byte.toString(16).padStart(2, "0")} at position ${position}`;
  }
  return undefined;
}

/** Why a text is no action's id; `undefined` if it is. The registry is not asked. */
export function actionIdProblem(actionId: string): string | undefined {
  const bytes = Buffer.byteLength(actionId);
  if (bytes === 0 || bytes > 253) return "action_id must be 1-253 characters";
  return /^[A-Za-z0-9_-]+$/.test(actionId) ? undefined : "action_id must contain only [a-zA-Z0-9_-]";
}
