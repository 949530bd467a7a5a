import { createRequire } from "node:module";

/** One thing that a validator found, in the terms that Ajv uses. */
export interface Finding {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  /** The schema that the keyword is in. */
  readonly parentSchema?: Readonly<Record<string, unknown>>;
}

/** A compiled schema. */
interface Validator {
  (value: unknown): boolean;
  errors?: readonly Finding[] | null;
}

/** Compiles schemas once each; loads Ajv, an optional peer, when the first one is needed, and waits for no disk then. */
export function createSchemas(load: () => unknown = loadAjv) {
  const compiled = new WeakMap<object, Validator>();
  let compiler: Promise<{ compile(schema: object): Validator }> | undefined;

  async function compilerFor(actionId: string) {
    try {
      const module = (await load()) as {
        Ajv2020: new (options: object) => { compile(schema: object): Validator };
      };
      // The gate takes `format` and unknown keywords for annotations.
      return new module.Ajv2020({ strict: false, validateFormats: false, allErrors: true, verbose: true });
    } catch {
      const missing = new Error(
        `MockGate: the action "${actionId}" has a parameter schema, and checking it needs the package "ajv" (8.x), which is not installed: npm install --save-dev ajv`,
      );
      // As undici's own mocks say that they have no answer: clients read it as never sent, which is so.
      throw Object.assign(missing, { code: "UND_MOCK_ERR_MOCK_NOT_MATCHED" });
    }
  }

  return {
    /** Throws the sentence where an action's schema could not be checked: before a proof is taken. */
    async ready(actionId: string): Promise<void> {
      compiler ??= compilerFor(actionId);
      await compiler;
    },
    /** All that is wrong with a value. */
    async check(actionId: string, schema: object, value: unknown): Promise<readonly Finding[]> {
      let validate = compiled.get(schema);
      if (validate === undefined) {
        compiler ??= compilerFor(actionId);
        validate = (await compiler).compile(schema);
        compiled.set(schema, validate);
      }
      return validate(value) ? [] : (validate.errors ?? []);
    },
  };
}

/** An `import()` would come back in a later turn of the event loop, and so on a later millisecond of a clock that is not real. */
function loadAjv(): unknown {
  return createRequire(import.meta.url)("ajv/dist/2020.js");
}
