/** What errors say to a program, as the command says it: each call and option of JavaScript, and the words of a command line. */
const WORDS: readonly (readonly [code: RegExp, words: string])[] = [
  [/approvals\.get\("([^"]*)"\)/g, "`latchgate-client approvals show $1`"],
  [/approvals\.explain\("([^"]*)"\)/g, "`latchgate-client approvals explain $1`"],
  [/\bdeny closes it, and \{ again: true \}/g, "`approvals deny` closes it, and `approvals approve --again`"],
  [/, or add one with paths\.add first/g, ""],
  [/\ba learnPath such as "([^"]*)"/g, "--learn-path '$1'"],
  [/\ba learnPath\b/g, "--learn-path"],
  [/\blearnPath\b/g, "--learn-path"],
  [/\blearnDomain\b/g, "--learn-domain"],
  [/\bpublicBaseUrl\b/g, "--public-base-url"],
  [/\btls\.(ca|cert|key)\b/g, "--$1"],
];

/** A sentence of an error for somebody who has no program to change, but a command line. */
export const spoken = (text: string): string =>
  WORDS.reduce((said, [code, words]) => said.replaceAll(code, words), text);
