import { readFileSync } from "node:fs";
import { OptionDefaults } from "typedoc";
import { load } from "./scripts/site/plugin.mjs";

/** The pages, in the order in which the README ends with them. */
const end = readFileSync(new URL("README.md", import.meta.url), "utf8").split("## Where to go on")[1] ?? "";
const pages = new Set([...end.matchAll(/\]\((docs\/[\w-]+\.md)/g)].map(([, page]) => page));

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "latchgate-client",
  entryPoints: [
    "src/index.ts",
    "src/operator.ts",
    "src/testing/index.ts",
    "src/tools.ts",
    "src/webhooks.ts",
    "src/journals.ts",
  ],
  plugin: [load],
  out: "site",
  readme: "scripts/site/first-page.md",
  projectDocuments: [...pages, "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "bench/README.md"],
  customJs: "scripts/site/diagrams.js",
  customCss: "scripts/site/style.css",
  ignoredHighlightLanguages: ["mermaid"],
  searchInDocuments: true,
  searchInComments: true,
  navigation: { includeCategories: true, includeGroups: true },
  excludePrivate: true,
  excludeProtected: true,
  excludeInternal: true,
  disableSources: true,
  githubPages: false,
  // Those that openapi-typescript writes.
  blockTags: [...OptionDefaults.blockTags, "@description", "@constant"],
  intentionallyNotExported: [
    "src/generated/operations.ts:agentOperations",
    "src/generated/operations.ts:operatorOperations",
    "src/testing/conformance/journal-checks.ts:JOURNAL_CHECKS",
    "src/testing/webhooks/body.ts:WEBHOOK_FORMATS",
    "src/testing/webhooks/events.ts:Known",
    "src/webhooks/event.ts:Schemas",
    "src/wire/place.ts:Place",
  ],
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    unusedMergeModuleWith: true,
  },
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
};
