/**
 * What is secret in a request, taken out of what an error shows of its answer. Results are never searched: what an action put
 * out stays as it came.
 */

const REDACTED = "[redacted]";

/** A gate's tokens have hundreds of characters; a mock's `lease` is a word that answers are made of. */
const MIN_SECRET_LENGTH = 10;

/** The token, proof or api key in a request's headers. */
export function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  const { Authorization, DPoP } = headers;
  const secrets = [DPoP, Authorization?.slice("DPoP ".length)];
  return secrets.filter(
    (secret): secret is string => secret !== undefined && secret.length >= MIN_SECRET_LENGTH,
  );
}

/** A text without the secrets, and without any signed token. Takes time in proportion to the text. */
export function redactText(text: string, secrets: readonly string[]): string {
  const plain = withoutTokens(secrets.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text));
  // One that is written in escapes can't be cut out of them: the whole text goes.
  return hides(plain, secrets) ? REDACTED : plain;
}

/** JSON's value with every text in it redacted, names of members too. It must not be nested deeply. */
export function redactValue(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === "string") return redactText(value, secrets);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, secrets));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [
    redactText(name, secrets),
    // A lease where none belongs (of a proxy, of a mock) is a secret all the same.
    name === "lease_jwt" ? REDACTED : redactValue(member, secrets),
  ]);
  return Object.fromEntries(members);
}

/** How often a text may have been escaped. */
const MOST_ESCAPES = 4;

/** Whether a secret stands in the text behind escapes: of JSON, of URLs, of HTML, and of one in another. */
function hides(text: string, secrets: readonly string[]): boolean {
  let shown = text;
  for (let depth = 0; depth < MOST_ESCAPES; depth += 1) {
    const next = unescaped(shown);
    if (next === shown) return false;
    shown = next;
    if (secrets.some((secret) => shown.includes(secret)) || withoutTokens(shown) !== shown) return true;
  }
  return false;
}

const ESCAPE =
  /\\u\{?([0-9a-f]{1,6})\}?|\\x([0-9a-f]{2})|%([0-9a-f]{2})|&#x([0-9a-f]{1,6});?|&#([0-9]{1,7});?|&([a-z]{2,6});|\\([^ux])/gi;

const NAMED: { readonly [name: string]: string } = {
  amp: "&",
  bsol: "\\",
  colon: ":",
  equals: "=",
  hyphen: "-",
  lowbar: "_",
  nbsp: " ",
  percnt: "%",
  period: ".",
  plus: "+",
  quot: '"',
  sol: "/",
};

function unescaped(text: string): string {
  return text.replace(ESCAPE, (whole, unicode, byte, percent, entityHex, entity, name, plain) => {
    const hex: string | undefined = unicode ?? byte ?? percent ?? entityHex;
    if (hex !== undefined) return character(Number.parseInt(hex, 16));
    if (entity !== undefined) return character(Number(entity));
    if (name !== undefined) return NAMED[String(name).toLowerCase()] ?? whole;
    return plain;
  });
}

const character = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : "");

/** A text without anything that is a signed token (RFC 7515, compact): they all begin alike, for their headers are JSON objects. */
function withoutTokens(text: string): string {
  if (!text.includes("eyJ")) return text;
  // One class of characters, greedily: there is nothing to go back to, however long the text is.
  return text.replace(/[\w.-]+/g, (run) => (run.includes("eyJ") ? withoutTokensIn(run) : run));
}

const SHORTEST_PART = 10;

function withoutTokensIn(run: string): string {
  const parts = run.split(".");
  const shown: string[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const [header = "", payload = "", signature = ""] = parts.slice(at, at + 3);
    const start = header.indexOf("eyJ");
    const isToken = start >= 0 && header.length - start >= SHORTEST_PART + 3;
    if (!isToken || payload.length < SHORTEST_PART || signature.length < SHORTEST_PART) {
      shown.push(header);
      continue;
    }
    shown.push(`${header.slice(0, start)}${REDACTED}`);
    at += 2;
  }
  return shown.join(".");
}
