import { sendingIssues } from "../call/sent-parameters.ts";
import { LatchGateError, type ParameterIssue } from "../vocabulary/errors.ts";
import { isObject } from "./context.ts";

/**
 * The JSON Schema of an action's parameters, as the gate tells it. What a framework looks for is always there: `type`,
 * `properties` and `required`. `additionalProperties` is typed as `@openai/agents` wants it of a schema that is not strict;
 * the gate's own word, `false` mostly, is what stands in it.
 */
export interface ToolParameters {
  [keyword: string]: unknown;
  type: "object";
  properties: Record<string, Record<string, unknown>>;
  required: string[];
  additionalProperties: true;
}

/** Standard Schema v1 with the JSON Schema extension (https://standardschema.dev). */
export interface ToolInputSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "latchgate";
    readonly types?: { readonly input: ToolInput; readonly output: ToolInput } | undefined;
    readonly validate: (value: unknown) => Promise<
      | { readonly value: ToolInput; readonly issues?: undefined }
      | {
          readonly issues: readonly { readonly message: string; readonly path: readonly string[] }[];
        }
    >;
    readonly jsonSchema: {
      readonly input: (options: { readonly target: string }) => Record<string, unknown>;
      readonly output: (options: { readonly target: string }) => Record<string, unknown>;
    };
  };
}

export type ToolInput = Record<string, unknown>;

/** What is wrong with parameters, where that can be told without executing anything. */
export type FindIssues = (params: unknown) => Promise<readonly ParameterIssue[]>;

/** A gate's schema as a tool's. An action without one takes any object. */
export function parametersOf(schema: unknown): ToolParameters {
  const told = isObject(schema) && !Array.isArray(schema) ? structuredClone(schema) : {};
  const open = "unevaluatedProperties" in told ? {} : { additionalProperties: true };
  return { properties: {}, required: [], ...open, ...told, type: "object" } as ToolParameters;
}

/** Both dialects in wide use: what the gate's schemas are made of means the same in them. */
const TARGETS = new Set(["draft-07", "draft-2019-09", "draft-2020-12"]);

export function inputSchemaOf(parameters: ToolParameters, find: FindIssues): ToolInputSchema {
  // A copy each time: the AI SDK writes into what it is given.
  const convert = ({ target }: { readonly target: string }) => {
    if (!TARGETS.has(target)) throw new TypeError(`there is no ${target} of an action's schema`);
    return structuredClone(parameters) as Record<string, unknown>;
  };
  return {
    "~standard": {
      version: 1,
      vendor: "latchgate",
      async validate(value) {
        const issues = await issuesOf(value, find);
        if (issues.length === 0) return { value: value as ToolInput };
        return { issues: issues.map(({ message, path }) => ({ message, path: keysOf(path) })) };
      },
      jsonSchema: { input: convert, output: convert },
    },
  };
}

async function issuesOf(value: unknown, find: FindIssues): Promise<readonly ParameterIssue[]> {
  if (!isObject(value) || Array.isArray(value)) return [{ path: "", message: "must be an object" }];
  const limits = sendingIssues(value);
  if (limits.length > 0) return limits;
  try {
    return await find(value);
  } catch (error) {
    // What can't be checked now (no ajv, no gate) is checked when the tool is executed.
    if (error instanceof LatchGateError) return [];
    return [{ path: "", message: "must be what JSON can hold" }];
  }
}

/** The steps of a JSON Pointer (RFC 6901). */
const keysOf = (pointer: string) =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
