import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(resolve(import.meta.dirname, "../..", path), "utf8");

// `npm run check:types` compiles the examples: the frameworks' types are too many to be compiled once more in a test.
it.each(["agent_tools", "mcp_server"])("the README shows examples/%s.ts as it is", (name) => {
  const blocks = [...read("README.md").matchAll(/^```typescript\n(.*?)^```$/gms)].map(([, block]) => block);
  expect(blocks).toContain(read(`examples/${name}.ts`));
});
