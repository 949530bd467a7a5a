import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { OpenApiDocument } from "../documents/document.ts";
import { checkTypes, DOCUMENTS, generateFiles, type Source } from "../documents/generate.ts";
import { argumentsOf, type Command, UsageError } from "./command.ts";

const usage = `Usage: latchgate-client generate [--agent FILE] [--operator FILE] [--webhooks FILE] --out DIR

For a gate whose API differs from the one that this package describes: writes agent.ts, operator.ts and webhooks.ts (types),
and operations.ts (who signs, and what each answer means) from your own OpenAPI documents. Then

  import type { paths } from "./gate/agent.ts";
  const api = createAgentApi<paths>({ baseUrl });

  --agent FILE, --operator FILE   the documents of the two sockets
  --webhooks FILE                 the document of what the gate sends; one of the three is enough
  --out DIR                       where the files are put; made when it is not there
  --help                          this

Needs the packages openapi-typescript, typescript and, for documents in YAML, yaml.`;

export const command: Command = {
  usage,
  async run(args, terminal) {
    const { values, positionals } = argumentsOf(args, {
      agent: { type: "string" },
      operator: { type: "string" },
      webhooks: { type: "string" },
      out: { type: "string" },
    });
    if (positionals.length > 0) throw new UsageError(`unexpected ${JSON.stringify(positionals[0])}`);
    if (values.out === undefined) throw new UsageError("--out says where the files are put");
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
    terminal.out(`wrote ${[...files.keys()].map((name) => join(values.out ?? "", name)).join(", ")}`);
    return 0;
  },
};
