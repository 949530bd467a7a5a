/** Optional peers that work on documents: loaded where they are used, and missed in one clear sentence. */

type Peers = {
  readonly "openapi-typescript": typeof import("openapi-typescript");
  readonly typescript: typeof import("typescript");
};

const LOADERS: { readonly [Name in keyof Peers]: () => Promise<Peers[Name]> } = {
  async "openapi-typescript"() {
    // It loads the compiler too, and fails with less than a sentence where that is another one.
    await import("typescript").then(compilerOf, () => undefined);
    return await import("openapi-typescript");
  },
  typescript: async () => compilerOf(await import("typescript")),
};

/** TypeScript 7 is a program without the functions that make and check types. */
function compilerOf({ default: compiler }: { readonly default: Peers["typescript"] }): Peers["typescript"] {
  if ("createProgram" in compiler) return compiler;
  const { version } = compiler as { version: string };
  throw new Error(
    `types are made and compared by TypeScript 5, and ${version} is installed here; beside it, in a folder of its own: ` +
      `npm install --prefix .latchgate latchgate-client openapi-typescript@7 typescript@5 yaml@2 && ` +
      "npx --prefix .latchgate latchgate-client",
  );
}

/** The peer, or an error that says what to install, and for what. */
export async function optional<Name extends keyof Peers>(name: Name, purpose: string): Promise<Peers[Name]> {
  try {
    return await LOADERS[name]();
  } catch (error) {
    throw missing(error, name, purpose);
  }
}

/** What to say of a package that could not be loaded; another error stays what it is. */
export function missing(error: unknown, name: string, purpose: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return error;
  const what = name === "typescript" ? "typescript@5" : name;
  return new Error(
    `${purpose} needs the package ${name}, which is not installed: npm install --save-dev ${what}`,
  );
}
