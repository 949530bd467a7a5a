import { createRequire } from "node:module";
import { patternEngine, UndecidedPattern } from "./patterns.ts";

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

interface Compiler {
  compile(schema: object): Validator;
}

/** Where Ajv has the dialects that the gate's validator knows, and what the class is called there. The gate goes by a schema's own `$schema`. */
const DIALECTS = {
  draft7: { path: "ajv", name: "Ajv" },
  draft2019: { path: "ajv/dist/2019.js", name: "Ajv2019" },
  draft2020: { path: "ajv/dist/2020.js", name: "Ajv2020" },
} as const;

type Dialect = keyof typeof DIALECTS;

/** Compiles schemas once each; loads Ajv, an optional peer, when the first one is needed, and waits for no disk then. */
export function createSchemas(load: (path: string) => unknown = loadAjv) {
  const compiled = new WeakMap<object, Validator>();
  const compilers = new Map<Dialect, Promise<Compiler>>();

  async function loaded(dialect: Dialect, actionId: string): Promise<Compiler> {
    const { path, name } = DIALECTS[dialect];
    try {
      const module = (await load(path)) as Record<string, new (options: object) => Compiler>;
      // The gate takes `format` and unknown keywords for annotations.
      const options = {
        strict: false,
        validateFormats: false,
        allErrors: true,
        verbose: true,
        logger: false,
        // To the gate an object has its own members alone: a parameter may be called `constructor`.
        ownProperties: true,
        // 19.99 is a multiple of 0.01, though not in binary.
        multipleOfPrecision: 9,
        code: { regExp: patternEngine },
      };
      return new (module[name] as new (options: object) => Compiler)(options);
    } catch {
      throw unsent(
        `MockGate: the action "${actionId}" has a parameter schema, and checking it needs the package "ajv" (8.x), which is not installed: npm install --save-dev ajv`,
      );
    }
  }

  async function validatorOf(actionId: string, schema: object): Promise<Validator> {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const dialect = dialectOf(schema);
    const compiler = compilers.get(dialect) ?? loaded(dialect, actionId);
    compilers.set(dialect, compiler);
    // Without its `$schema`, whose own schema Ajv does not have for every draft.
    const { $schema: _dialect, ...plain } = schema as { readonly $schema?: unknown };
    const ready = await compiler;
    try {
      const validate = ready.compile(plain);
      compiled.set(schema, validate);
      return validate;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw unsent(`MockGate: a schema of the action "${actionId}" can't be compiled: ${why}`);
    }
  }

  return {
    /** Throws the sentence where an action's schemas could not be checked: before a proof is taken. */
    async ready(actionId: string, schemas: readonly (object | undefined)[]): Promise<void> {
      for (const schema of schemas) if (schema !== undefined) await validatorOf(actionId, schema);
    },
    /** All that is wrong with a value. */
    async check(actionId: string, schema: object, value: unknown): Promise<readonly Finding[]> {
      const validate = await validatorOf(actionId, schema);
      try {
        return validate(value) ? [] : (validate.errors ?? []);
      } catch (error) {
        const why = error instanceof UndecidedPattern ? error.message : "it refers to itself without end";
        throw unsent(`MockGate: a schema of the action "${actionId}" can't be asked about this call: ${why}`);
      }
    },
  };
}

function dialectOf({ $schema }: { readonly $schema?: unknown }): Dialect {
  const named = typeof $schema === "string" ? $schema : "";
  if (/draft-0[4-7]/.test(named)) return "draft7";
  return named.includes("2019-09") ? "draft2019" : "draft2020";
}

/** As undici's own mocks say that they have no answer: clients read it as never sent, which is so. */
function unsent(sentence: string): Error {
  return Object.assign(new Error(sentence), { code: "UND_MOCK_ERR_MOCK_NOT_MATCHED" });
}

/** An `import()` would come back in a later turn of the event loop, and so on a later millisecond of a clock that is not real. */
function loadAjv(path: string): unknown {
  return createRequire(import.meta.url)(path);
}
