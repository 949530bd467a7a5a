/**
 * The first statement of each entry: on a Node that is too old it says so, where nothing else would before something fails
 * that nobody understands.
 */
export function needsNode(name: string, engines: string): string {
  const [, major = "", minor = ""] = /^>=(\d+)\.(\d+)$/.exec(engines) ?? [];
  if (major === "") throw new Error(`engines.node is ${engines}, and not a lowest version`);
  const isOlder = `+has[0] < ${major} || (+has[0] === ${major} && +has[1] < ${minor})`;
  const problem = `"${name} needs Node ${major}.${minor} or later, and this is Node " + has.join(".")`;
  return `{ const has = (globalThis.process?.versions?.node ?? "").split("."); if (has.length > 1 && (${isOlder})) throw new Error(${problem}); }`;
}
