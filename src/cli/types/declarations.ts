import type { GlobalContext, SchemaObject } from "openapi-typescript";
import { diagnosticsOf } from "../../documents/compile.ts";
import { isObject, type Json } from "../../documents/document.ts";
import { optional } from "../../documents/optional.ts";
import { stepsOf } from "../../documents/references.ts";
import { namedSchema } from "./schemas.ts";

/** What a gate says of one action. */
export interface DescribedAction {
  readonly id: string;
  readonly version: string;
  readonly riskLevel: string;
  readonly sideEffects: readonly string[];
  /** The JSON Schema of its parameters; undefined where it has none. */
  readonly schema: Json | undefined;
}

const FIRST_LINE = "// The actions of a LatchGate gate, by `latchgate-client types`: do not edit.";

/**
 * A file with an `ActionMap`: the parameters of each action by its id. The same actions give the same text, whatever the gate is
 * called. A schema that can't be translated becomes `Record<string, unknown>`, and its comment says why.
 */
export async function declarationsOf(actions: readonly DescribedAction[]): Promise<string> {
  const translate = await translator();
  const all = actions.map((action) => ({ action, ...translate(action) }));
  const broken = await brokenActions(all);
  return fileOf(
    all.map((one) => {
      const problem = broken.get(one.action.id);
      return problem === undefined ? one : { action: one.action, type: ANY, problem, others: {} };
    }),
  );
}

interface TranslatedAction extends Translated {
  readonly action: DescribedAction;
}

function fileOf(actions: readonly TranslatedAction[]): string {
  const definitions = Object.assign({}, ...actions.map(({ others }) => others)) as Record<string, string>;
  const members = actions.map(
    ({ action, type, problem }) => `${comment(lines(action, problem))}\n${nameOf(action.id)}: ${type};`,
  );
  const referred = Object.entries(definitions).map(([name, type]) => `${nameOf(name)}: ${type};`);
  return `${[
    FIRST_LINE,
    "",
    "/** The parameters of each action, for `new LatchGateClient<ActionMap>()`. */",
    "export interface ActionMap {",
    ...members.map(indented),
    "}",
    ...(referred.length === 0
      ? []
      : ["", "/** What the parameters refer to. */", "interface components {", "  schemas: {"]),
    ...referred.map((text) => indented(indented(text))),
    ...(referred.length === 0 ? [] : ["  };", "}"]),
    ...(referred.length === 0 ? [] : ["", "export {};"]),
  ].join("\n")}\n`;
}

/**
 * The actions whose types the compiler does not take as parameters, with the reason: one that it refuses would take every call
 * of the program with it. Each is looked at in a file of its own.
 */
async function brokenActions(actions: readonly TranslatedAction[]): Promise<Map<string, string>> {
  const files = new Map(
    actions.map((one, index) => [
      `/${index}.ts`,
      `${fileOf([one])}
type Given<Parameters extends object> = Parameters;
export type Checked = Given<ActionMap[${JSON.stringify(one.action.id)}]>;`,
    ]),
  );
  const broken = new Map<string, string>();
  for (const { file, message } of await diagnosticsOf(files, [...files.keys()], "latchgate-client types")) {
    const id = actions[Number(/\d+/.exec(file)?.[0])]?.action.id;
    const why = message.includes("does not satisfy the constraint 'object'")
      ? "it is not a schema of an object"
      : `its type does not compile: ${message.slice(0, 200)}`;
    if (id !== undefined && !broken.has(id)) broken.set(id, why);
  }
  return broken;
}

interface Translated {
  readonly type: string;
  readonly problem?: string;
  readonly others: Readonly<Record<string, string>>;
}

const ANY = "Record<string, unknown>";

async function translator(): Promise<(action: DescribedAction) => Translated> {
  const { astToString, transformSchemaObject } = await optional(
    "openapi-typescript",
    "latchgate-client types",
  );

  function typeOf(schema: Json, definitions: Readonly<Record<string, Json>>): string {
    const path = "#/components/schemas/";
    const ctx = contextOf(($ref) => definitions[stepsOf($ref.slice(1)).at(-1) ?? ""]);
    const type = astToString(transformSchemaObject(schema as unknown as SchemaObject, { path, ctx })).trim();
    if (ctx.injectFooter.length > 0) throw new Error("it demands members of what it refers to");
    return type;
  }

  return ({ id, schema }) => {
    if (schema === undefined) return { type: ANY, others: {} };
    try {
      const named = namedSchema(id, schema);
      if (isClosedAndEmpty(schema)) return { type: "Record<string, never>", others: {} };
      const type = typeOf(named.schema, named.definitions);
      if (!couldBeAnObject(type)) throw new Error("it is not a schema of an object");
      const others = Object.entries(named.definitions).map(([name, one]) => [
        name,
        typeOf(one, named.definitions),
      ]);
      return { type: type === "unknown" ? ANY : type, others: Object.fromEntries(others) };
    } catch (error) {
      return { type: ANY, problem: error instanceof Error ? error.message : String(error), others: {} };
    }
  };
}

/** What openapi-typescript keeps while it walks through a document, for a schema that is in none. */
function contextOf(resolve: (reference: string) => unknown): GlobalContext {
  const off = {
    ...{ additionalProperties: false, alphabetize: false, arrayLength: false, conditionalEnums: false },
    ...{ dedupeEnums: false, enum: false, enumValues: false, excludeDeprecated: false, exportType: false },
    ...{ immutable: false, makePathsEnum: false, generatePathParams: false, pathParamsAsTypes: false },
    ...{ propertiesRequiredByDefault: false, readWriteMarkers: false, rootTypes: false },
    ...{ rootTypesKeepCasing: false, rootTypesNoSchemaPrefix: false },
    // A member with a default may be left out of a request.
    defaultNonNullable: false,
  };
  const context = {
    ...off,
    ...{ emptyObjectsUnknown: true, silent: true, injectFooter: [], resolve },
    discriminators: { objects: {}, refsHandled: [] },
  };
  // Of the rest (Redocly's configuration, hooks) nothing is asked for a schema alone.
  return context as unknown as GlobalContext;
}

function isClosedAndEmpty(schema: Json): boolean {
  if (!isObject(schema)) return false;
  const { properties = {}, additionalProperties, patternProperties, allOf, anyOf, oneOf, $ref } = schema;
  const more = [patternProperties, allOf, anyOf, oneOf, $ref].some((part) => part !== undefined);
  return additionalProperties === false && !more && Object.keys(properties ?? {}).length === 0;
}

/** The client sends objects only. */
const couldBeAnObject = (type: string) =>
  !/^(string|number|boolean|null|never|".*"|\d+)$/.test(type) && !type.endsWith("[]");

function lines(
  { version, riskLevel, sideEffects, schema }: DescribedAction,
  problem: string | undefined,
): string[] {
  const said = (name: "title" | "description") => {
    const text =
      typeof schema === "object" && schema !== null && !Array.isArray(schema) ? schema[name] : undefined;
    return typeof text === "string" && text.trim() !== "" ? text.trim().split(/\r?\n/) : [];
  };
  return [
    ...said("title"),
    ...said("description"),
    `Risk: ${riskLevel}. Side effects: ${sideEffects.join(", ") || "none"}. Version ${version}.`,
    ...(schema === undefined ? ["It has no request schema."] : []),
    ...(problem === undefined ? [] : [`Its request schema could not be translated: ${problem}.`]),
  ];
}

function comment(text: readonly string[]): string {
  const safe = text.map((line) => line.replaceAll("*/", "*\\/"));
  return safe.length === 1
    ? `/** ${safe[0]} */`
    : ["/**", ...safe.map((line) => ` * ${line}`.trimEnd()), " */"].join("\n");
}

const nameOf = (id: string) => (/^[A-Za-z_$][\w$]*$/.test(id) ? id : JSON.stringify(id));

/** openapi-typescript indents by four. */
const indented = (text: string) =>
  text
    .split("\n")
    .map((line) => (line === "" ? line : `  ${line.replace(/^( {4})+/, (all) => all.slice(all.length / 2))}`))
    .join("\n");
