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
import { world } from "./world.ts";

setTracingDisabled(true);

/** What no model thought of: one call of a tool, and then a word. */
class Puppet implements Model {
  readonly requests: ModelRequest[] = [];
  readonly #name: string;
  readonly #input: object;

  constructor(name: string, input: object) {
    this.#name = name;
    this.#input = input;
  }

  async getResponse(request: ModelRequest) {
    this.requests.push(request);
    const called = Array.isArray(request.input) && request.input.some(isResult);
    const call = {
      type: "function_call" as const,
      callId: "call_1",
      name: this.#name,
      status: "completed" as const,
      arguments: JSON.stringify(this.#input),
    };
    const word = {
      type: "message" as const,
      role: "assistant" as const,
      status: "completed" as const,
      content: [{ type: "output_text" as const, text: "done" }],
    };
    return { usage: new Usage(), output: [called ? word : call] };
  }

  // biome-ignore lint/correctness/useYield: nothing is streamed here
  async *getStreamedResponse(): AsyncIterable<never> {
    throw new Error("nothing is streamed here");
  }
}

const isResult = ({ type }: AgentInputItem) => type === "function_call_result";

function agentOf(tools: readonly GateTool[], model: Model, needsApproval = false) {
  return new Agent({
    name: "a",
    model,
    tools: tools.map((gateTool) => tool({ ...gateTool, needsApproval })),
  });
}

/** What the model was told that the tool answered. */
const told = ({ requests }: Puppet) => JSON.stringify(requests.at(-1)?.input);

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

  it("ends the wait with the run's own signal", async () => {
    const { client, gate, abort } = world();
    const agent = agentOf(await client.tools(), new Puppet("pay", { to: "a@b" }));
    const { askedAfter } = await abort((signal) => new Runner().run(agent, "Do it.", { signal }));
    expect(gate.approvals).toHaveLength(1);
    expect(askedAfter).toBe(0);
  });
});
