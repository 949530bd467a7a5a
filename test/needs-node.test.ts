import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { needsNode } from "../scripts/needs-node.ts";

const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  engines: { node: string };
};

/** What the first statement of an entry does where `process` is this. */
const begun = (process: unknown) => () =>
  new Function("globalThis", needsNode("latchgate-client", engines.node))({ process });

it.each(["18.20.8", "20.0.0", "20.18.3"])("Node %s is told which one it takes", (node) => {
  expect(begun({ versions: { node } })).toThrow(
    `latchgate-client needs Node 20.19 or later, and this is Node ${node}`,
  );
});

it.each(["20.19.0", "22.1.0", "26.10.0"])("Node %s is not stopped", (node) => {
  expect(begun({ versions: { node } })).not.toThrow();
});

it("what is no Node, or does not say which, is not stopped", () => {
  for (const process of [undefined, {}, { versions: {} }]) expect(begun(process)).not.toThrow();
});
