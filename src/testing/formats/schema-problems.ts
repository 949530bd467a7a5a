import type { Finding } from "./schemas.ts";
import { type JsonNode, nodeText, parseJson } from "./serde.ts";

/**
 * All that a validator found, as the gate's own (the crate jsonschema) says it, in its order. Recorded are the sentences of `required`,
 * `additionalProperties`, `type`, `enum`, `pattern`, `minLength` and `maxLength`; those of other keywords are the crate's as it documents them.
 */
export function schemaProblem(findings: readonly Finding[], text: string): string {
  const root = parseJson(text);
  const sentences = [...findings].sort(byOrder).map((finding) => sentenceOf(finding, findings, root));
  return `schema validation failed: ${[...new Set(sentences)].join("; ")}`;
}

/**
 * The type first; then what is missing, what is wrong below, what is too much. With a single required member the crate
 * looks for that one last (recorded: `http_fetch`, and the other order for `http_post`, which has two).
 */
function byOrder(one: Finding, other: Finding): number {
  return (
    rankOf(one) - rankOf(other) ||
    compare(one.instancePath, other.instancePath) ||
    keywordRank(one) - keywordRank(other) ||
    compare(one.keyword, other.keyword)
  );
}

function rankOf({ keyword, instancePath, parentSchema }: Finding): number {
  if (instancePath !== "") return 2;
  if (keyword === "type") return 0;
  if (keyword === "additionalProperties") return 3;
  if (keyword !== "required") return 2;
  const names = parentSchema?.["required"];
  return Array.isArray(names) && names.length === 1 ? 4 : 1;
}

function keywordRank({ keyword }: Finding): number {
  return keyword === "type" ? 0 : 1;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function sentenceOf(finding: Finding, all: readonly Finding[], root: JsonNode): string {
  const { keyword, params, instancePath } = finding;
  const value = nodeText(at(root, instancePath));
  const limit = Number(params["limit"]);
  const count = (noun: string) => `${limit} ${noun}${limit === 1 ? "" : "s"}`;
  switch (keyword) {
    case "required":
      return `"${params["missingProperty"]}" is a required property`;
    case "additionalProperties": {
      const names = all
        .filter((each) => each.keyword === keyword && each.instancePath === instancePath)
        .map(({ params: { additionalProperty } }) => `'${additionalProperty}'`)
        .sort();
      const verb = names.length === 1 ? "was" : "were";
      return `Additional properties are not allowed (${names.join(", ")} ${verb} unexpected)`;
    }
    case "type": {
      const types = [params["type"]].flat().map((type) => JSON.stringify(type));
      return `${value} is not of type${types.length === 1 ? "" : "s"} ${types.join(", ")}`;
    }
    case "enum":
      return `${value} is not one of ${options(params["allowedValues"] as readonly unknown[])}`;
    case "const":
      return `${JSON.stringify(params["allowedValue"])} was expected`;
    case "pattern":
      return `${value} does not match ${JSON.stringify(params["pattern"])}`;
    case "minLength":
      return `${value} is shorter than ${count("character")}`;
    case "maxLength":
      return `${value} is longer than ${count("character")}`;
    case "minimum":
      return `${value} is less than the minimum of ${limit}`;
    case "maximum":
      return `${value} is greater than the maximum of ${limit}`;
    case "minItems":
      return `${value} has less than ${count("item")}`;
    case "maxItems":
      return `${value} has more than ${count("item")}`;
    default:
      return `${instancePath === "" ? "" : `${instancePath} `}${finding.message ?? keyword}`;
  }
}

function options(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value));
  const last = texts.pop() ?? "";
  return texts.length === 0 ? last : `${texts.join(", ")} or ${last}`;
}

/** RFC 6901. */
function at(root: JsonNode, pointer: string): JsonNode {
  let found = root;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replace(/~1/g, "/").replace(/~0/g, "~");
    const inner =
      found.kind === "object"
        ? found.members.get(name)
        : found.kind === "array"
          ? found.items[Number(name)]
          : undefined;
    if (inner === undefined) return found;
    found = inner;
  }
  return found;
}
