import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ElicitRequestSchema,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { LatchGateClient } from "latchgate-client";
import type { OnHeld, ToolOptions } from "latchgate-client/tools";
import { describe, expect, it } from "vitest";
import { expectOneEach, operatorOf, TOGETHER, type Together } from "./held-together.ts";
import { slowWorld } from "./slow-world.ts";
import { world } from "./world.ts";

const INFO = { name: "gate", version: "1" };

/** A server with the gate's tools, and a client of it that says yes when it is asked. */
async function connected(client: LatchGateClient, makeOptions: (server: Server) => ToolOptions = () => ({})) {
  const server = new Server(INFO, { capabilities: { tools: {} } });
  const tools = await client.tools(makeOptions(server));
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, description, parameters }) => ({ name, description, inputSchema: parameters })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => {
    const tool = tools.find(({ name }) => name === params.name);
    if (tool === undefined) throw new Error(`no tool ${params.name}`);
    return tool.mcp(params.arguments, extra);
  });
  const asked: string[] = [];
  const mcp = new Client(INFO, { capabilities: { elicitation: {} } });
  mcp.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return { action: "accept", content: {} };
  });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([server.connect(there), mcp.connect(here)]);
  return { mcp, asked };
}

it("a server of MCP v1 lists the tools and calls them", async () => {
  const { client, gate } = world();
  const { mcp } = await connected(client);
  const { tools } = await mcp.listTools();
  expect(tools[1]).toMatchObject({ name: "mail", inputSchema: { type: "object", required: ["to"] } });
  const called = await mcp.callTool({ name: "mail", arguments: { to: "a@b" } });
  expect(called).toEqual({
    content: [{ type: "text", text: '{"ok":true,"outcome":"executed","output":{"ok":true,"sent":1}}' }],
  });
  expect(gate.effects).toHaveLength(1);
});

it("a server of MCP v1 says what does not fit as an error of the tool", async () => {
  const { client, gate } = world();
  const { mcp } = await connected(client);
  const called = await mcp.callTool({ name: "mail", arguments: { to: 1 } });
  expect(called).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("/to must be string") }],
  });
  expect(gate.sessions).toHaveLength(0);
});

it("calls of MCP v1 with the same JSON-RPC id on two connections are two calls", async () => {
  const { client, gate } = world();
  for (let connection = 0; connection < 2; connection++) {
    const { mcp } = await connected(client);
    await mcp.callTool({ name: "mail", arguments: { to: "a@b" } });
  }
  expect(gate.effects).toHaveLength(2);
});

it("a held call of MCP v1 asks the user by elicitation, and is waited for: one effect", async () => {
  const { client, gate, decide } = world();
  const onHeld =
    (server: Server): OnHeld =>
    async (_, { message }) => {
      await server.elicitInput({ message, requestedSchema: { type: "object", properties: {} } });
      await decide();
    };
  const { mcp, asked } = await connected(client, (server) => ({ onHeld: onHeld(server) }));
  const called = await mcp.callTool({ name: "pay", arguments: { to: "a@b" } });
  expect(JSON.stringify(called)).toContain("paid");
  expect(asked).toEqual([expect.stringContaining("An operator has to approve this call")]);
  expect(gate.effects).toHaveLength(1);
});

describe.each(TOGETHER)("held calls of MCP v1 at once: $what", (together) => {
  const callEach = (mcp: Client, { calls }: Together) =>
    Promise.all(
      calls.map(async ({ to }) => {
        const { content } = await mcp.callTool({ name: "pay", arguments: { to } });
        return (content as { text: string }[]).map(({ text }) => text).join();
      }),
    );

  it("are waited for: each has its own answer, and acts once", async () => {
    const here = world();
    const { mcp } = await connected(here.client);
    operatorOf(here, together).inTurn();
    expectOneEach(here, together, await here.clock.until(callEach(mcp, together)));
  });

  it("ask by elicitation, each for itself: each has its own answer, and acts once", async () => {
    const here = world();
    const { mcp, asked } = await connected(here.client, (server) => ({
      onHeld: (_, { message }) =>
        server.elicitInput({ message, requestedSchema: { type: "object", properties: {} } }),
    }));
    operatorOf(here, together).inTurn();
    expectOneEach(here, together, await here.clock.until(callEach(mcp, together)));
    expect(asked).toHaveLength(together.calls.length);
  });
});

it("a client of MCP v1 that cancels ends the wait", async () => {
  const { client, gate, abort } = world();
  const { mcp } = await connected(client);
  const called = { name: "pay", arguments: { to: "a@b" } };
  const { askedAfter } = await abort((signal) => mcp.callTool(called, undefined, { signal }));
  expect(gate.approvals).toHaveLength(1);
  expect(askedAfter).toBe(0);
});

describe("a client of MCP v1 that stops waiting, and calls again on another connection", () => {
  const id = { _meta: { "latchgate/callId": "0b2f6c9e-5d0d-4d6c-9a53-2a7f0a0f3c11" } };
  const slow = { name: "slow", arguments: {} };

  async function calledTwice(call: typeof slow & { _meta?: Record<string, unknown> }) {
    const here = slowWorld();
    const leaving = new AbortController();
    const { mcp } = await connected(here.client);
    const first = mcp.callTool(call, undefined, { signal: leaving.signal });
    await here.running;
    leaving.abort();
    await expect(first).rejects.toThrow();
    const { mcp: other } = await connected(here.client);
    const second = here.clock.until(other.callTool(call));
    setImmediate(here.letGo);
    return { answer: JSON.stringify(await second), effects: here.gate.effects.length };
  }

  it("acts twice where it gives its call no id", async () => {
    expect(await calledTwice(slow)).toEqual({ answer: expect.stringContaining("slept"), effects: 2 });
  });

  it("acts once, and has the answer, where it gives both the same id", async () => {
    const call = { ...slow, ...id };
    expect(await calledTwice(call)).toEqual({ answer: expect.stringContaining("slept"), effects: 1 });
  });

  it("is told of one approval and acts once, where the call was held", async () => {
    const { client, gate, clock, decide } = world();
    const call = { name: "pay", arguments: { to: "a@b" }, ...id };
    for (const _ of [1, 2]) {
      const leaving = new AbortController();
      const { mcp } = await connected(client);
      clock.timer(20_000, () => leaving.abort());
      await expect(clock.until(mcp.callTool(call, undefined, { signal: leaving.signal }))).rejects.toThrow();
    }
    await decide();
    const { mcp } = await connected(client);
    expect(JSON.stringify(await clock.until(mcp.callTool(call)))).toContain("paid");
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  it.each(["1", "", 17, null, "x".repeat(129)])(
    "is refused with the id %j, and nothing is sent",
    async (bad) => {
      const { client, executes } = world();
      const heard: string[] = [];
      const { mcp } = await connected(client, () => ({
        onError: ({ message }) => void heard.push(message) as undefined,
      }));
      const call = { name: "mail", arguments: { to: "a@b" }, _meta: { "latchgate/callId": bad } };
      const answer = await mcp.callTool(call);
      expect(answer).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining("Nothing was done") }],
      });
      expect(heard).toEqual([expect.stringContaining("16 to 128 characters")]);
      expect(executes()).toBe(0);
    },
  );

  it("never joins a call of another conversation, or one with other parameters", async () => {
    const { client, gate } = world();
    const mail = (to: string) => ({ name: "mail", arguments: { to }, ...id });
    const { mcp } = await connected(client, () => ({ conversation: "one" }));
    const { mcp: other } = await connected(client, () => ({ conversation: "two" }));
    await mcp.callTool(mail("a@b"));
    await other.callTool(mail("a@b"));
    expect(gate.effects).toHaveLength(2);
    expect(JSON.stringify(await mcp.callTool(mail("c@d")))).toContain("belongs to another one");
    expect(gate.effects).toHaveLength(2);
  });
});
