import { OptionDefaults } from "typedoc";

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "latchgate-client",
  entryPoints: ["src/index.ts", "src/operator.ts", "src/testing/index.ts", "src/tools.ts", "src/webhooks.ts"],
  out: "site/api",
  readme: "none",
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
