import { AIMessage, type BaseMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import {
  Command,
  END,
  interrupt,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import type { GateTool } from "latchgate-client/tools";
import { describe, expect, it } from "vitest";
import { world } from "./world.ts";

/** A graph in which no model thinks: the call comes in, the tools run. */
function graphOf(tools: readonly GateTool[]) {
  const node = new ToolNode(tools.map((gateTool) => tool(gateTool.execute, gateTool)));
  return new StateGraph(MessagesAnnotation)
    .addNode("tools", node)
    .addEdge(START, "tools")
    .addEdge("tools", END)
    .compile({ checkpointer: new MemorySaver() });
}

const callOf = (name: string, args: Record<string, unknown>, id = "call_1") => ({
  messages: [new AIMessage({ content: "", tool_calls: [{ name, args, id, type: "tool_call" }] })],
});

const thread = (id: string) => ({ configurable: { thread_id: id } });

const told = ({ messages }: { messages: BaseMessage[] }) => String(messages.at(-1)?.content);

describe("LangChain and LangGraph", () => {
  it("take each tool as it is", async () => {
    const { client, gate } = world();
    const [mail] = (await client.tools({ only: ["mail"] })).map((gateTool) =>
      tool(gateTool.execute, gateTool),
    );
    expect(mail?.description).toBe("Sends a mail. Side effects: mail_send. Risk: medium.");
    const message = await mail?.invoke({
      name: "mail",
      args: { to: "a@b" },
      id: "call_1",
      type: "tool_call",
    });
    expect(message).toMatchObject({ tool_call_id: "call_1", status: "success" });
    expect(message).toMatchObject({ content: expect.stringContaining("sent") });
    expect(gate.effects).toHaveLength(1);
  });

  it("check the parameters themselves, and write into no other schema than theirs", async () => {
    const { client, gate } = world();
    const [mail] = await client.tools({ only: ["mail"] });
    if (mail === undefined) throw new Error("no tool");
    const before = JSON.stringify(mail.parameters);
    const state = await graphOf([mail]).invoke(callOf("mail", { to: 1 }), thread("1"));
    expect(told(state)).toContain("did not match expected schema");
    expect(JSON.stringify(mail.parameters)).toBe(before);
    expect(gate.sessions).toHaveLength(0);
  });

  it("never say 'fix your mistakes' of a call whose outcome is unknown", async () => {
    const { client, gate } = world();
    gate.fault({ operation: "executeAction", times: 2 }, { kind: "reset", when: "running" });
    const state = await graphOf(await client.tools()).invoke(callOf("mail", { to: "a@b" }), thread("1"));
    expect(told(state)).toContain("Don't call the tool again");
    expect(told(state)).not.toContain("fix your mistakes");
    expect(gate.effects).toHaveLength(1);
  });

  it("pause by interrupt when a call is held, and resume when it is approved: one effect", async () => {
    const { client, gate, decide } = world();
    const tools = await client.tools({ onHeld: (_, { message }) => interrupt(message) });
    const graph = graphOf(tools);
    const paused = await graph.invoke(callOf("pay", { to: "a@b" }), thread("1"));
    expect(JSON.stringify(paused)).toContain("__interrupt__");
    expect(JSON.stringify(paused)).not.toContain(gate.approvals[0]?.approvalId);
    expect(gate.effects).toHaveLength(0);
    await decide();
    const resumed = await graph.invoke(new Command({ resume: true }), thread("1"));
    expect(told(resumed)).toContain("paid");
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  /** Calls of `pay` in one step, as a model makes them. */
  const together = (...ids: string[]) => ({
    messages: [
      new AIMessage({
        content: "",
        tool_calls: ids.map((id) => ({ name: "pay", args: { to: id }, id, type: "tool_call" as const })),
      }),
    ],
  });

  const NODES = {
    "a ToolNode": graphOf,
    "a node that calls one after the other": (tools: readonly GateTool[]) => graphThat(tools, false),
    "a node that calls all at once": (tools: readonly GateTool[]) => graphThat(tools, true),
  };

  function graphThat(tools: readonly GateTool[], atOnce: boolean) {
    const byName = new Map(tools.map((one) => [one.name, tool(one.execute, one)]));
    const node = async ({ messages }: { messages: BaseMessage[] }, config: object) => {
      const calls = (messages[0] as AIMessage).tool_calls ?? [];
      const invoke = async (call: (typeof calls)[number]) =>
        (await byName
          .get(call.name)
          ?.invoke({ ...call, type: "tool_call" }, config)) as unknown as BaseMessage;
      if (atOnce) return { messages: await Promise.all(calls.map(invoke)) };
      const answers: BaseMessage[] = [];
      for (const call of calls) answers.push(await invoke(call));
      return { messages: answers };
    };
    return new StateGraph(MessagesAnnotation)
      .addNode("tools", node)
      .addEdge(START, "tools")
      .addEdge("tools", END)
      .compile({ checkpointer: new MemorySaver() });
  }

  for (const [what, make] of Object.entries(NODES))
    for (const count of [2, 3])
      for (const newestFirst of [false, true])
        it(`pause for each of ${count} held calls in ${what}, approved ${newestFirst ? "newest" : "oldest"} first`, async () => {
          const { client, gate, clock } = world();
          const shown: unknown[] = [];
          const tools = await client.tools({
            waitMs: 60_000,
            onHeld: (held, { input }) => interrupt({ to: input["to"], approvalId: held.approvalId }),
          });
          const graph = make(tools);
          const ids = ["aaa", "bbb", "ccc"].slice(0, count);
          let state = await clock.until(graph.invoke(together(...ids), thread("1")));
          for (let pause = 1; pause <= count; pause++) {
            const [pending] = (state as { __interrupt__?: { value?: unknown }[] }).__interrupt__ ?? [];
            shown.push((pending?.value as { to?: string })?.to);
            const open = gate.approvals.filter((approval) => approval.state === "pending");
            const next = newestFirst ? open.at(-1) : open[0];
            if (next !== undefined) await gate.approve(next.approvalId);
            const before = clock.now();
            state = await clock.until(graph.invoke(new Command({ resume: true }), thread("1")));
            // It pauses again at once, and waits for nobody.
            if (pause < count && !newestFirst) expect(clock.now() - before).toBeLessThan(30_000);
          }
          expect(gate.effects).toHaveLength(count);
          expect(gate.approvals).toHaveLength(count);
          if (!newestFirst) expect([...shown].sort()).toEqual(ids);
          expect(state.messages.slice(1).map(({ content }) => String(content).includes("paid"))).toEqual(
            ids.map(() => true),
          );
        });

  it("take the denial of one held call, and the approval of another", async () => {
    const { client, gate, clock } = world();
    const tools = await client.tools({ onHeld: (_, { message }) => interrupt(message), waitMs: 60_000 });
    const graph = graphOf(tools);
    await clock.until(graph.invoke(together("aaa", "bbb"), thread("1")));
    const idOf = (to: string) =>
      gate.approvals.find((approval) => JSON.stringify(approval).includes(to))?.approvalId ?? "";
    const second = idOf("bbb");
    await gate.deny(idOf("aaa"), "no");
    const paused = await clock.until(graph.invoke(new Command({ resume: true }), thread("1")));
    expect(JSON.stringify(paused)).toContain("__interrupt__");
    await gate.approve(second);
    const done = await clock.until(graph.invoke(new Command({ resume: true }), thread("1")));
    const texts = done.messages.slice(1).map(({ content }) => String(content));
    expect(texts[0]).toContain("an operator has refused this call");
    expect(texts[1]).toContain("paid");
    expect(gate.effects).toHaveLength(1);
  });

  it("that resume before the operator has decided wait for the decision: one effect", async () => {
    const { client, gate, clock, decide } = world();
    const graph = graphOf(await client.tools({ onHeld: (_, { message }) => interrupt(message) }));
    await clock.until(graph.invoke(callOf("pay", { to: "a@b" }), thread("1")));
    clock.timer(30_000, () => void decide());
    const resumed = await clock.until(graph.invoke(new Command({ resume: true }), thread("1")));
    expect(told(resumed)).toContain("paid");
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  it("wait for the operator without a pause, too: one effect", async () => {
    const { client, gate, clock, decide } = world();
    clock.timer(60_000, () => void decide());
    const graph = graphOf(await client.tools());
    expect(told(await clock.until(graph.invoke(callOf("pay", { to: "a@b" }), thread("1"))))).toContain(
      "paid",
    );
    expect(gate.effects).toHaveLength(1);
  });

  it("may use a call's id again in another thread: that is another call", async () => {
    const { client, gate } = world();
    const graph = graphOf(await client.tools());
    await graph.invoke(callOf("mail", { to: "a@b" }, "0"), thread("1"));
    await graph.invoke(callOf("mail", { to: "a@b" }, "0"), thread("2"));
    expect(gate.effects).toHaveLength(2);
  });

  it("end the wait with the graph's own signal", async () => {
    const { client, gate, abort } = world();
    const graph = graphOf(await client.tools());
    const { askedAfter } = await abort((signal) =>
      graph.invoke(callOf("pay", { to: "a@b" }), { ...thread("1"), signal }),
    );
    expect(gate.approvals).toHaveLength(1);
    expect(askedAfter).toBe(0);
  });
});
