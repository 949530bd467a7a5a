import { isObject, type Json, OpenApiDocument } from "../src/documents/document.ts";
import { withRules } from "../src/documents/outcome-rules.ts";

/** A document whose operations say their `x-outcomes` as a table at the end of their descriptions, as JSON. */
export function withOutcomeTables(file: string): string {
  const document = new OpenApiDocument(file);
  for (const { operation, document: home } of document.operations()) {
    const stated = operation["x-outcomes"];
    if (!isObject(stated)) continue;
    const { answers, lost } = withRules(stated, home);
    operation["description"] = [operation["description"] ?? "", table(answers, lost)].join("\n\n");
  }
  return JSON.stringify(document.root);
}

function table(answers: Json | undefined, lost: Json | undefined): string {
  const rows: [string, Json][] = isObject(answers) ? Object.entries(answers) : [];
  const lines = [...rows, ["lost before an answer", lost ?? null] as const].map(([answer, rule]) => {
    const { outcome, replayCheck, again } = isObject(rule) ? rule : {};
    return `| \`${answer}\` | ${words(outcome)} | ${words(replayCheck ?? "–")} | ${words(again)} |`;
  });
  return [
    "**What an answer means for the call**",
    "",
    "| answer | the action has run | the replay check | sent again |",
    "|---|---|---|---|",
    ...lines,
  ].join("\n");
}

const words = (value: Json | undefined) => String(value).replaceAll("_", " ");
