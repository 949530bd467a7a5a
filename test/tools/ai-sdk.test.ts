import * as ai6 from "ai";
import { MockLanguageModelV3 } from "ai/test";
import * as ai7 from "ai7";
import { MockLanguageModelV4 } from "ai7/test";
import { describe, expect, it } from "vitest";
import { expectOneEach, operatorOf, TOGETHER } from "./held-together.ts";
import { world } from "./world.ts";

/** What no model thought of: one call of a tool or several in one step, and then a word. */
const callOf = (toolName: string, inputs: readonly object[]) => ({
  content: inputs.map((input, index) => ({
    type: "tool-call" as const,
    toolCallId: `call_${index}`,
    toolName,
    input: JSON.stringify(input),
  })),
  finishReason: { unified: "tool-calls" as const, raw: "tool-calls" },
  usage: USAGE,
  warnings: [],
});
const WORD = {
  content: [{ type: "text" as const, text: "done" }],
  finishReason: { unified: "stop" as const, raw: "stop" },
};
const USAGE = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const answers = (toolName: string, input: object | readonly object[]) => [
  callOf(toolName, [input].flat()),
  { ...WORD, usage: USAGE, warnings: [] },
];

interface Run {
  /** What the first step came to. */
  readonly content: readonly { readonly type: string }[];
  /** What the model was asked. */
  readonly prompts: readonly { readonly tools?: readonly unknown[] | undefined; readonly prompt: unknown }[];
}

const isResultOf = (part: { readonly type: string; readonly toolCallId?: unknown }, id: string) =>
  part.type === "tool-result" && part.toolCallId === id;

/** Runs an agent of each version from its start: the tools, the call, the model's last word. 7 asks for Node 22. */
const VERSIONS = {
  "6": async (
    tools: ai6.ToolSet,
    toolName: string,
    input: object | readonly object[],
    abortSignal?: AbortSignal,
  ): Promise<Run> => {
    const model = new MockLanguageModelV3({ doGenerate: answers(toolName, input) });
    const { steps } = await ai6.generateText({
      model,
      tools,
      prompt: "Do it.",
      stopWhen: ai6.stepCountIs(3),
      ...(abortSignal === undefined ? {} : { abortSignal }),
    });
    return { content: steps[0]?.content ?? [], prompts: model.doGenerateCalls };
  },
  "7": async (
    tools: ai7.ToolSet,
    toolName: string,
    input: object | readonly object[],
    abortSignal?: AbortSignal,
  ): Promise<Run> => {
    const model = new MockLanguageModelV4({ doGenerate: answers(toolName, input) });
    const { steps } = await ai7.generateText({
      model,
      tools,
      prompt: "Do it.",
      stopWhen: ai7.isStepCount(3),
      ...(abortSignal === undefined ? {} : { abortSignal }),
    });
    return { content: steps[0]?.content ?? [], prompts: model.doGenerateCalls };
  },
};

describe.each(["6", "7"] as const)("the Vercel AI SDK %s", (version) => {
  const run = VERSIONS[version];

  it("takes the tools as they are, and shows a model their names, descriptions and schemas", async () => {
    const { client, gate } = world();
    const tools = Object.fromEntries((await client.tools()).map((tool) => [tool.name, tool]));
    const { content, prompts } = await run(tools, "mail", { to: "a@b" });
    expect(prompts[0]?.tools?.[1]).toMatchObject({
      type: "function",
      name: "mail",
      description: "Sends a mail. Side effects: mail_send. Risk: medium.",
      inputSchema: { type: "object", required: ["to"], additionalProperties: false },
    });
    expect(content.find(({ type }) => type === "tool-result")).toMatchObject({
      output: { ok: true, outcome: "executed", output: { sent: 1 } },
    });
    expect(gate.effects).toHaveLength(1);
  });

  it("closes each schema that it is given as a Standard Schema, and not one by its own jsonSchema", async () => {
    const { client } = world();
    const tools = (await client.tools({ only: ["free"] })).map((tool) => [tool.name, tool] as const);
    const open = tools.map(([name, tool]) => [
      name,
      { ...tool, inputSchema: ai6.jsonSchema(tool.parameters) },
    ]);
    const closed = { tools: [{ inputSchema: { additionalProperties: false } }] };
    expect((await run(Object.fromEntries(tools), "free", {})).prompts[0]).toMatchObject(closed);
    expect((await run(Object.fromEntries(open), "free", {})).prompts[0]).toMatchObject({
      tools: [{ inputSchema: { additionalProperties: true } }],
    });
  });

  it("tells the model what does not fit, and nothing is executed", async () => {
    const { client, gate } = world();
    const tools = Object.fromEntries((await client.tools()).map((tool) => [tool.name, tool]));
    const { prompts } = await run(tools, "mail", { to: 1 });
    expect(JSON.stringify(prompts[1]?.prompt)).toContain("must be string");
    expect(gate.effects).toHaveLength(0);
    expect(gate.sessions).toHaveLength(0);
  });

  it("waits for the operator in the middle of a run: one effect", async () => {
    const { client, gate, clock, decide } = world();
    const tools = Object.fromEntries((await client.tools()).map((tool) => [tool.name, tool]));
    clock.timer(60_000, () => void decide());
    const { content } = await clock.until(run(tools, "pay", { to: "a@b" }));
    expect(content.find(({ type }) => type === "tool-result")).toMatchObject({ output: { ok: true } });
    expect(gate.effects).toHaveLength(1);
  });

  it("is told that a call is held, and a run again from the start takes it up: one effect", async () => {
    const { client, gate, decide } = world();
    const tools = Object.fromEntries(
      (await client.tools({ onHeld: "return" })).map((tool) => [tool.name, tool]),
    );
    const held = await run(tools, "pay", { to: "a@b" });
    const prompt = JSON.stringify(held.prompts[1]?.prompt);
    expect(prompt).toContain("An operator has to approve this call");
    expect(prompt).not.toContain(gate.approvals[0]?.approvalId);
    await decide();
    for (let again = 0; again < 2; again++) {
      const { content } = await run(tools, "pay", { to: "a@b" });
      expect(content.find(({ type }) => type === "tool-result")).toMatchObject({ output: { ok: true } });
    }
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  describe.each(TOGETHER)("with held calls of one step: $what", (together) => {
    const inputs = together.calls.map(({ to }) => ({ to }));
    const outputs = ({ content }: Run) =>
      together.calls.map(({ id }) => JSON.stringify(content.find((part) => isResultOf(part, id))));

    it("waits for each: each has its own answer, and acts once", async () => {
      const here = world();
      const tools = Object.fromEntries((await here.client.tools()).map((tool) => [tool.name, tool]));
      operatorOf(here, together).inTurn();
      expectOneEach(here, together, outputs(await here.clock.until(run(tools, "pay", inputs))));
    });

    it("is run again after each decision: each has its own answer, and acts once", async () => {
      const here = world();
      const tools = Object.fromEntries(
        (await here.client.tools({ onHeld: "return" })).map((tool) => [tool.name, tool]),
      );
      const operator = operatorOf(here, together);
      let last = await here.clock.until(run(tools, "pay", inputs));
      for (const [index] of together.order.entries()) {
        const waiting = outputs(last).filter((output) => output.includes('"held":true'));
        expect(waiting).toHaveLength(together.order.length - index);
        await operator.next();
        last = await here.clock.until(run(tools, "pay", inputs));
      }
      expectOneEach(here, together, outputs(last));
    });
  });

  it("ends the wait with the run's own signal", async () => {
    const { client, gate, abort } = world();
    const tools = Object.fromEntries((await client.tools()).map((tool) => [tool.name, tool]));
    const { askedAfter } = await abort((signal) => run(tools, "pay", { to: "a@b" }, signal));
    expect(gate.approvals).toHaveLength(1);
    expect(askedAfter).toBe(0);
  });
});
