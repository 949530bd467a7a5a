import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { withSharedParts } from "../../scripts/shared-parts.ts";
import { isObject, type Json, type JsonObject, OpenApiDocument } from "../../src/documents/document.ts";

const OPENAPI = join(import.meta.dirname, "../../openapi");
const text = (name: string) => readFileSync(join(OPENAPI, name), "utf8");
const source = { name: "agent.yaml", text: text("agent.yaml") };

describe.each(readdirSync(OPENAPI).filter((name) => name.endsWith(".yaml")))(
  "%s, as it is published,",
  (name) => {
    test("uses no YAML anchors, which parsers count and refuse", () => {
      expect(text(name).match(/(?:: |- |\[)[&*]\w+/g)).toBeNull();
      // The parser's own limit, which guards against documents that grow.
      expect(() => parse(text(name)) as unknown).not.toThrow();
    });

    test("means to a parser of YAML 1.1 what it means to one of 1.2", () => {
      expect(parse(text(name), { version: "1.1" })).toEqual(parse(text(name)));
    });

    test("has an example of every request's body and every success", () => {
      expect(withoutExample(name)).toEqual([]);
    });

    test("calls no schema as generators call what an operation takes and gives", () => {
      const document = new OpenApiDocument(join(OPENAPI, name));
      const made = [...document.operations()].flatMap(({ id }) =>
        ["", "Result", "Response", "Responses", "Data", "Error", "Errors", "Params", "Body"].map((suffix) =>
          `${id}${suffix}`.toLowerCase(),
        ),
      );
      const schemas = Object.keys(membersOf(membersOf(document.root["components"])["schemas"]));
      expect(schemas.filter((schema) => made.includes(schema.toLowerCase()))).toEqual([]);
    });

    test("refers to nothing outside of it", () => {
      const references = [...text(name).matchAll(/\$ref: *"?([^"\s}]+)/g)].map(
        ([, reference = ""]) => reference,
      );
      expect(references.filter((reference) => !reference.startsWith("#/"))).toEqual([]);
    });
  },
);

/** The bodies without an example: `operation status`, or `operation request`. */
function withoutExample(name: string): string[] {
  const document = new OpenApiDocument(join(OPENAPI, name));
  const items = ["paths", "webhooks"].flatMap((list) => Object.entries(membersOf(document.root[list])));
  return items.flatMap(([, item]) =>
    Object.values(membersOf(item))
      .filter((operation) => isObject(operation) && isObject(operation["responses"]))
      .flatMap((operation) => {
        const { operationId, requestBody, responses } = membersOf(operation);
        const bodies = [
          ["request", requestBody] as const,
          ...Object.entries(membersOf(responses)).filter(([status]) => status.startsWith("2")),
        ];
        return bodies
          .filter(([, body]) =>
            Object.values(membersOf(membersOf(document.resolve(body).value)["content"])).some(
              (media) => isObject(media) && !("example" in media || "examples" in media),
            ),
          )
          .map(([what]) => `${operationId} ${what}`);
      }),
  );
}

const membersOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

describe("what two documents have in common", () => {
  const operator = text("operator.yaml");

  test("is written in the agent's, and copied from there", () => {
    expect(withSharedParts(operator, source)).toBe(operator);
    const without = operator.replace(/^( *# From agent\.yaml.*\n)(?:(?! *# So far).*\n)*/gm, "$1");
    expect(without.length).toBeLessThan(operator.length);
    expect(withSharedParts(without, source)).toBe(operator);
  });

  test("is another part under a name that both have: refused", () => {
    const other = operator.replace(
      "  schemas:\n",
      "  schemas:\n    GateUuid: { type: string, description: Another one. }\n",
    );
    expect(() => withSharedParts(other, source)).toThrow("GateUuid of schemas is another one in agent.yaml");
  });

  test("needs a place in each list", () => {
    const without = operator.replace(/^ {2}headers:\n(?: {4}.*\n)+/m, "");
    expect(without).not.toBe(operator);
    expect(() => withSharedParts(without, source)).toThrow("headers of the document has no place for Date");
  });
});
