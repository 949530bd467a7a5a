import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { OpenApiDocument } from "../documents/document.ts";
import { checkTypes, DOCUMENTS, generateFiles, type Source } from "../documents/generate.ts";
import { type Define, UsageError } from "./command.ts";

export const define: Define = (command, terminal, ends) => {
  command
    .description(
      "For a gate whose API differs from the one that this package describes: writes agent.ts, operator.ts and webhooks.ts (types), and operations.ts (who signs, and what each answer means) from your own OpenAPI documents.",
    )
    .option("--agent <file>", "the document of the agents' socket")
    .option("--operator <file>", "the document of the operators' socket")
    .option("--webhooks <file>", "the document of what the gate sends; one of the three is enough")
    .requiredOption("--out <dir>", "where the files are put; made when it is not there")
    .addHelpText(
      "after",
      `
Then:
  import type { paths } from "./gate/agent.ts";
  const api = createAgentApi<paths>({ baseUrl });

Needs the packages openapi-typescript, typescript and, for documents in YAML,
yaml.`,
    )
    .action(async (values) => {
      const out = resolve(terminal.cwd, values.out);
      const sources = DOCUMENTS.flatMap((name): Source[] => {
        const file = values[name];
        if (file === undefined) return [];
        return [{ name, title: basename(file), document: new OpenApiDocument(resolve(terminal.cwd, file)) }];
      });
      if (sources.length === 0)
        throw new UsageError("--agent, --operator or --webhooks says from which document");
      const files = await generateFiles(sources, "latchgate-client generate");
      for (const { name, document } of sources) await checkTypes(files.get(`${name}.ts`) ?? "", document);
      mkdirSync(out, { recursive: true });
      for (const [name, text] of files) writeFileSync(join(out, name), text);
      terminal.out(`wrote ${[...files.keys()].map((name) => join(values.out, name)).join(", ")}`);
      ends(0);
    });
};
