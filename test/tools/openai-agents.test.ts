import {
  Agent,
  type AgentInputItem,
  type Model,
  type ModelRequest,
  Runner,
  RunState,
  setTracingDisabled,
  tool,
  Usage,
} from "@openai/agents";
import type { GateTool } from "latchgate-client/tools";
import { describe, expect, it } from "vitest";
import { expectOneEach, operatorOf, TOGETHER, type Together } from "./held-together.ts";
import { world } from "./world.ts";

setTracingDisabled(true);

/** What no model thought of: one call of a tool or several in one step, and then a word. */
class Puppet implements Model {
  readonly requests: ModelRequest[] = [];
  readonly #name: string;
  readonly #inputs: readonly object[];

  constructor(name: string, ...inputs: object[]) {
    this.#name = name;
    this.#inputs = inputs;
  }

  async getResponse(request: ModelRequest) {
    this.requests.push(request);
    const called = Array.isArray(request.input) && request.input.some(isResult);
    const calls = this.#inputs.map((input, index) => ({
      type: "function_call" as const,
      callId: `call_${index}`,
      name: this.#name,
      status: "completed" as const,
      arguments: JSON.stringify(input),
    }));
    const word = {
      type: "message" as const,
      role: "assistant" as const,
      status: "completed" as const,
      content: [{ type: "output_text" as const, text: "done" }],
    };
    return { usage: new Usage(), output: called ? [word] : calls };
  }

  // biome-ignore lint/correctness/useYield: nothing is streamed here
  async *getStreamedResponse(): AsyncIterable<never> {
    throw new Error("nothing is streamed here");
  }
}

type CallResult = Extract<AgentInputItem, { type: "function_call_result" }>;
const isResult = (item: AgentInputItem): item is CallResult => item.type === "function_call_result";

function agentOf(tools: readonly GateTool[], model: Model, needsApproval = false) {
  return new Agent({
    name: "a",
    model,
    tools: tools.map((gateTool) => tool({ ...gateTool, needsApproval })),
  });
}

/** What the model was told that the tool answered. */
const told = ({ requests }: Puppet) => JSON.stringify(requests.at(-1)?.input);

/** What it was told that each of its calls answered. */
const toldEach = ({ requests }: Puppet, { calls }: Together) =>
  calls.map(({ id }) => {
    const input = requests.at(-1)?.input;
    const result = Array.isArray(input)
      ? input.find((item) => isResult(item) && item.callId === id)
      : undefined;
    return JSON.stringify(result).replaceAll("\\", "");
  });

describe("@openai/agents", () => {
  it("takes each tool as it is, and shows a model its schema, not strict", async () => {
    const { client, gate } = world();
    const tools = (await client.tools()).map((gateTool) => tool(gateTool));
    const model = new Puppet("mail", { to: "a@b" });
    await new Runner().run(new Agent({ name: "a", model, tools }), "Do it.");
    expect(model.requests[0]?.tools[1]).toMatchObject({
      type: "function",
      name: "mail",
      strict: false,
      parameters: { type: "object", required: ["to"], additionalProperties: false },
    });
    expect(told(model)).toContain("sent");
    expect(gate.effects).toHaveLength(1);
  });

  it("tells the model what does not fit, and nothing is executed", async () => {
    const { client, gate } = world();
    const model = new Puppet("mail", { to: 1 });
    await new Runner().run(agentOf(await client.tools(), model), "Do it.");
    expect(told(model)).toContain("/to must be string");
    expect(gate.sessions).toHaveLength(0);
  });

  it("never says 'try again' of a call whose outcome is unknown", async () => {
    const { client, gate } = world();
    gate.fault({ operation: "executeAction", times: 2 }, { kind: "reset", when: "running" });
    const model = new Puppet("mail", { to: "a@b" });
    await new Runner().run(agentOf(await client.tools(), model), "Do it.");
    expect(told(model)).toContain("Don't call the tool again");
    expect(told(model)).not.toMatch(/try again/i);
    expect(gate.effects).toHaveLength(1);
  });

  it("waits for the operator in the middle of a run: one effect", async () => {
    const { client, gate, clock, decide } = world();
    const model = new Puppet("pay", { to: "a@b" });
    clock.timer(60_000, () => void decide());
    await clock.until(new Runner().run(agentOf(await client.tools(), model), "Do it."));
    expect(told(model)).toContain("paid");
    expect(gate.effects).toHaveLength(1);
  });

  it("pauses by its own interruption, is stored, and is resumed twice from there: one effect", async () => {
    const { client, gate, decide } = world();
    const tools = await client.tools({ onHeld: async () => void (await decide()) });
    const model = new Puppet("pay", { to: "a@b" });
    const agent = agentOf(tools, model, true);
    const paused = await new Runner().run(agent, "Do it.");
    expect(paused.interruptions).toHaveLength(1);
    expect(gate.effects).toHaveLength(0);
    const stored = paused.state.toString();
    for (let again = 0; again < 2; again++) {
      const state = await RunState.fromString(agent, stored);
      const [interruption] = state.getInterruptions();
      if (interruption === undefined) throw new Error("it did not pause");
      state.approve(interruption);
      await new Runner().run(agent, state);
      expect(told(model)).toContain("paid");
    }
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  it("is told that a call is held, without the approval's id, and takes it up when it is run again", async () => {
    const { client, gate, decide } = world();
    const tools = await client.tools({ onHeld: "return" });
    const first = new Puppet("pay", { to: "a@b" });
    await new Runner().run(agentOf(tools, first), "Do it.");
    expect(told(first)).toContain("An operator has to approve this call");
    expect(told(first)).not.toContain(gate.approvals[0]?.approvalId);
    await decide();
    const second = new Puppet("pay", { to: "a@b" });
    await new Runner().run(agentOf(tools, second), "Do it.");
    expect(told(second)).toContain("paid");
    expect(gate.effects).toHaveLength(1);
  });

  describe.each(TOGETHER)("with held calls of one step: $what", (together) => {
    const inputs = together.calls.map(({ to }) => ({ to }));

    it("waits for each: each has its own answer, and acts once", async () => {
      const here = world();
      const model = new Puppet("pay", ...inputs);
      operatorOf(here, together).inTurn();
      await here.clock.until(new Runner().run(agentOf(await here.client.tools(), model), "Do it."));
      expectOneEach(here, together, toldEach(model, together));
    });

    it("is run again after each decision: each has its own answer, and acts once", async () => {
      const here = world();
      const tools = await here.client.tools({ onHeld: "return" });
      const operator = operatorOf(here, together);
      const again = async () => {
        const model = new Puppet("pay", ...inputs);
        await here.clock.until(new Runner().run(agentOf(tools, model), "Do it."));
        return toldEach(model, together);
      };
      let last = await again();
      for (const [index] of together.order.entries()) {
        const waiting = last.filter((answer) => answer.includes('"held":true'));
        expect(waiting).toHaveLength(together.order.length - index);
        await operator.next();
        last = await again();
      }
      expectOneEach(here, together, last);
    });

    it("is stored at its own interruptions, and resumed twice: each has its own answer, and acts once", async () => {
      const here = world();
      const model = new Puppet("pay", ...inputs);
      const agent = agentOf(await here.client.tools(), model, true);
      const paused = await new Runner().run(agent, "Do it.");
      expect(paused.interruptions).toHaveLength(inputs.length);
      const stored = paused.state.toString();
      operatorOf(here, together).inTurn();
      for (let again = 0; again < 2; again++) {
        const state = await RunState.fromString(agent, stored);
        for (const interruption of state.getInterruptions()) state.approve(interruption);
        await here.clock.until(new Runner().run(agent, state));
        expectOneEach(here, together, toldEach(model, together));
      }
    });
  });

  it("ends the wait with the run's own signal", async () => {
    const { client, gate, abort } = world();
    const agent = agentOf(await client.tools(), new Puppet("pay", { to: "a@b" }));
    const { askedAfter } = await abort((signal) => new Runner().run(agent, "Do it.", { signal }));
    expect(gate.approvals).toHaveLength(1);
    expect(askedAfter).toBe(0);
  });
});
