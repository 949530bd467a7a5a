import type { AnySchema, ErrorObject, Options, ValidateFunction } from "ajv";
import { LatchGateInvalidRequest, type ParameterIssue } from "../vocabulary/errors.ts";
import { createPattern } from "./patterns.ts";

/** What a value has that an action's schema does not allow, as far as that can be told here. It throws nothing. */
export type SchemaCheck = (value: unknown) => readonly ParameterIssue[];

/**
 * The check of one schema, in whichever draft. What can't be checked here the gate still checks: nothing is refused for it.
 * @param unchecked hears what that is, when the schema is compiled or a value is checked
 * @throws LatchGateInvalidRequest when the optional peer `ajv` is missing
 */
export async function createSchemaCheck(
  schema: AnySchema,
  unchecked: (what: string) => void,
): Promise<SchemaCheck> {
  const dialects = await importDialects();
  const patterns = createPatterns(schema, unchecked);
  const validate = compile(dialects, schema, patterns.engine);
  if (validate === undefined) {
    unchecked("its schema can't be compiled");
    return () => [];
  }
  return (value) => {
    try {
      return validate(value) ? [] : (validate.errors ?? []).map(issueOf);
    } catch (error) {
      if (error !== UNDECIDED) unchecked("its schema refers to itself without end");
      return [];
    }
  };
}

/** Thrown through a check: whether the value fits depends on a pattern that can't be asked. */
const UNDECIDED = Symbol("undecided");

/** The patterns of one schema, as Ajv wants to be given them. */
function createPatterns(schema: AnySchema, unchecked: (what: string) => void) {
  const mayPass = !turnsRefusalsAround(schema);
  const told = new Set<string>();
  const patternOf = (source: string) => {
    const pattern = createPattern(source);
    return {
      test(text: string): boolean {
        const fits = pattern.fits(text);
        if (fits !== undefined) return fits;
        if (!told.has(source)) unchecked(`the pattern ${JSON.stringify(source)}`);
        told.add(source);
        if (!mayPass) throw UNDECIDED;
        return true;
      },
      // Ajv tells patterns apart by this.
      toString: () => source,
    };
  };
  return { engine: Object.assign(patternOf, { code: "patternOf" }) };
}

/** Where what passes inside may be refused outside: nothing is to be guessed there. */
const TURNING = new Set(["not", "oneOf", "if", "maxContains", "patternProperties"]);

function turnsRefusalsAround(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  return Object.entries(schema).some(([name, inner]) => TURNING.has(name) || turnsRefusalsAround(inner));
}

function issueOf({ instancePath, message = "does not fit", keyword, params }: ErrorObject): ParameterIssue {
  const extra: unknown = keyword === "additionalProperties" ? params["additionalProperty"] : undefined;
  return { path: instancePath, message: typeof extra === "string" ? `${message} ('${extra}')` : message };
}

type Dialect = new (options: Options) => { compile(schema: AnySchema): ValidateFunction };

interface Dialects {
  readonly draft7: Dialect;
  readonly draft2019: Dialect;
  readonly draft2020: Dialect;
}

async function importDialects(): Promise<Dialects> {
  try {
    // Each awaited right here: so a bundler knows that the package may be absent, and leaves the import to Node.
    const draft7 = await import("ajv");
    const draft2019 = await import("ajv/dist/2019.js");
    const draft2020 = await import("ajv/dist/2020.js");
    return { draft7: draft7.Ajv, draft2019: draft2019.Ajv2019, draft2020: draft2020.Ajv2020 };
  } catch {
    throw new LatchGateInvalidRequest(
      "<options>",
      'checking parameters needs the package "ajv" (8.x): npm install ajv',
      { code: "peer_missing" },
    );
  }
}

/** Undefined: no dialect that its `$schema` may mean can compile it. */
function compile(
  { draft7, draft2019, draft2020 }: Dialects,
  schema: AnySchema,
  regExp: NonNullable<NonNullable<Options["code"]>["regExp"]>,
): ValidateFunction | undefined {
  const { $schema, ...rules } = typeof schema === "object" ? schema : { $schema: undefined };
  const draft = /draft-0[3-7]|2019-09|2020-12/.exec(String($schema))?.[0];
  const likely = draft === "2019-09" ? draft2019 : draft?.startsWith("draft") ? draft7 : draft2020;
  const options: Options = {
    strict: false,
    allErrors: true,
    validateFormats: false,
    logger: false,
    // A parameter may be called like what every object inherits.
    ownProperties: true,
    // 19.99 is a multiple of 0.01, though not in binary.
    multipleOfPrecision: 4,
    code: { regExp },
  };
  for (const Ajv of new Set([likely, draft2020, draft2019, draft7]))
    try {
      // By the dialect that was chosen, and not by the name that the schema gives it.
      return new Ajv(options).compile(typeof schema === "object" ? rules : schema);
    } catch {
      // The next one may.
    }
  return undefined;
}
