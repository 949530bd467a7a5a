/** Text that is JSON, and not the same to every reader: RFC 7493 has each member of an object once. */
export class MemberTwice extends SyntaxError {}

/**
 * What JSON text says, where it says one thing: of a member that is named twice, `JSON.parse` takes the last in silence, and
 * another reader the first. What is hashed must be I-JSON (RFC 8785, section 3.1).
 * @throws MemberTwice when an object names a member twice, however it is escaped
 * @throws SyntaxError when the text is no JSON
 */
export function parseIJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const twice = memberTwice(text);
  if (twice !== undefined) throw new MemberTwice(`the text names the member ${JSON.stringify(twice)} twice`);
  return value;
}

/** The first member of an object that has the name of an earlier one, in text that is known to be JSON. */
function memberTwice(text: string): string | undefined {
  /** Of each object that is open the names so far; of each list nothing. */
  const open: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let isNameNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "{" || sign === "[") {
      names = sign === "{" ? new Set() : undefined;
      open.push(names);
      isNameNext = true;
    } else if (sign === "}" || sign === "]") {
      open.pop();
      names = open.at(-1);
      isNameNext = false;
    } else if (sign === ",") isNameNext = true;
    else if (sign === '"') {
      const end = endOfText(text, at);
      if (isNameNext && names !== undefined) {
        const name = String(JSON.parse(text.slice(at, end + 1)));
        if (names.has(name)) return name;
        names.add(name);
      }
      isNameNext = false;
      at = end;
    }
  }
  return undefined;
}

/** Where the quote is that ends the text which begins at another. */
function endOfText(text: string, begin: number): number {
  let at = begin + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}
