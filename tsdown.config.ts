import { readFileSync } from "node:fs";
import { defineConfig } from "tsdown";
import { writeDeclarations } from "./scripts/declarations.ts";
import { needsNode } from "./scripts/needs-node.ts";
import { slimDocument } from "./scripts/slim-documents.ts";
import { readSurface } from "./scripts/surface.ts";
import { licencesOf, packagesOf } from "./scripts/third-party.ts";

const about = JSON.parse(readFileSync("package.json", "utf8")) as {
  readonly name: string;
  readonly engines: { readonly node: string };
};

const POOL = "./undici-pool.cjs";

const ENTRIES = {
  index: "src/index.ts",
  operator: "src/operator.ts",
  testing: "src/testing/index.ts",
  tools: "src/tools.ts",
  webhooks: "src/webhooks.ts",
  journals: "src/journals.ts",
};

export default defineConfig({
  entry: { ...ENTRIES, cli: "src/cli.ts" },
  platform: "node",
  target: "node20.19",
  dts: false,
  fixedExtension: false,
  sourcemap: false,
  outputOptions: {
    // The command says it itself: its first line is another.
    banner: ({ isEntry, name }) =>
      isEntry && name !== "cli" ? needsNode(about.name, about.engines.node) : "",
  },
  plugins: [
    {
      name: "undici-pool-as-it-is",
      // CommonJS that a static import takes in: a bundle of ours would have it behind createRequire, where bundlers are blind.
      resolveId: (id) => (id.endsWith(POOL) ? { id: POOL, external: true } : null),
      generateBundle() {
        const source = readFileSync("src/wire/undici-pool.cjs", "utf8");
        this.emitFile({ type: "asset", fileName: "undici-pool.cjs", source });
      },
    },
    {
      name: "documents-as-json",
      // What `latchgate-client check` compares a gate with.
      generateBundle() {
        for (const face of ["agent", "operator"]) {
          const source = slimDocument(`openapi/${face}.yaml`);
          this.emitFile({ type: "asset", fileName: `described/${face}.json`, source });
        }
      },
    },
    {
      name: "licences",
      // What the command is bundled with wants its licence to go with it.
      generateBundle(_options, bundle) {
        const ids = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
        const source = licencesOf(packagesOf(ids));
        this.emitFile({ type: "asset", fileName: "third-party-licences.txt", source });
      },
    },
    {
      name: "actions-of-a-gate",
      // What the mock gate reads when one of them is asked for.
      generateBundle() {
        const source = JSON.stringify(
          JSON.parse(readFileSync("src/testing/actions/gate-actions.json", "utf8")),
        );
        this.emitFile({ type: "asset", fileName: "gate-actions.json", source });
      },
    },
    {
      name: "api-surface",
      // What `latchgate-client api-diff` says that a change touches: the package has no sources to look at.
      generateBundle() {
        this.emitFile({
          type: "asset",
          fileName: "api-surface.json",
          source: JSON.stringify(readSurface(".")),
        });
      },
    },
  ],
  onSuccess: () => writeDeclarations(Object.values(ENTRIES), "dist/declarations"),
});
