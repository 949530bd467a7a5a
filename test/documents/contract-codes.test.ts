import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isObject, OpenApiDocument } from "../../src/documents/document.ts";
import { knownWords } from "../../src/documents/operations-table.ts";
import { errorCodes } from "../../src/generated/operations.ts";

/** Per status: words, media types, `json` or `empty`. */
type Answers = { readonly [status: string]: readonly string[] };
interface Listed {
  readonly from: string;
  readonly answers: Answers;
}

const { everywhere, operatorCatalogue, agent, operator } = JSON.parse(
  readFileSync(join(import.meta.dirname, "contract-codes.json"), "utf8"),
) as {
  everywhere: Listed;
  operatorCatalogue: { words: readonly string[] };
  agent: { readonly [id: string]: Listed };
  operator: { readonly [id: string]: Listed };
};

const NO_WORDS = ["json", "empty", "text/plain", "application/openmetrics-text"];

const described = Object.fromEntries(
  ["agent", "operator"].map((name) => {
    const document = new OpenApiDocument(join(import.meta.dirname, `../../openapi/${name}.yaml`));
    return [name, describedBy(document)];
  }),
);
// What the operator's document copies from the agent's is compared there.
for (const id of Object.keys(described["agent"] ?? {})) delete described["operator"]?.[id];

describe.each([
  ["agent", agent],
  ["operator", operator],
] as const)("the statuses and codes of contract/%s.md", (name, listed) => {
  test("are those of the document, operation by operation, and no others", () => {
    const [contract, document] = [flat(listed), flat(described[name] ?? {})];
    const common = contract.filter((line) => document.includes(line));
    console.log(
      `statuses and codes of contract/${name}.md described: ${common.length} of ${contract.length}`,
    );
    expect(document.filter((line) => !contract.includes(line))).toEqual([]);
    expect(contract.filter((line) => !document.includes(line))).toEqual([]);
  });

  test("include what any request can get", () => {
    for (const [id, { answers }] of Object.entries(described[name] ?? {}))
      for (const status of Object.keys(everywhere.answers))
        expect(answers[status], `${id} ${status}`).toBeDefined();
  });
});

describe("the list of codes", () => {
  test("has each operation's words in the contract's own catalogue of the operator's, and that in it", () => {
    expect(words(operator)).toEqual(operatorCatalogue.words);
  });

  test("is the list that the package exports", () => {
    expect([...new Set([...words(agent), ...words(operator)])].sort()).toEqual([...errorCodes].sort());
  });
});

function describedBy(document: OpenApiDocument): { [id: string]: Listed } {
  return Object.fromEntries(
    [...document.operations()].map(({ id, operation }) => {
      const known = knownWords(id, operation, document);
      const responses = document.object(operation["responses"], "responses");
      const answers = Object.entries(responses).map(([status, response]) => {
        const { content } = document.object(response, status);
        const mediaTypes = isObject(content) ? Object.keys(content) : [];
        const found = mediaTypes.flatMap((mediaType) => {
          if (mediaType !== "application/json") return [mediaType];
          const list = known.get(status) ?? [];
          return list.length === 0 ? ["json"] : list;
        });
        return [status, found.length === 0 ? ["empty"] : found];
      });
      return [id, { from: document.file, answers: Object.fromEntries(answers) as Answers }];
    }),
  );
}

/** One line for each status and word, but for what any request can get. */
function flat(listed: { readonly [id: string]: Listed }): string[] {
  return Object.entries(listed).flatMap(([id, { answers }]) =>
    Object.entries(answers).flatMap(([status, list]) =>
      list
        .filter((word) => !everywhere.answers[status]?.includes(word))
        .map((word) => `${id} ${status} ${word}`),
    ),
  );
}

/** The error words of a list. */
function words(listed: { readonly [id: string]: Listed }): string[] {
  const all = Object.values(listed).flatMap(({ answers }) =>
    Object.entries(answers).flatMap(([status, list]) => (status.startsWith("2") ? [] : list)),
  );
  return [...new Set(all)].filter((word) => !NO_WORDS.includes(word)).sort();
}
