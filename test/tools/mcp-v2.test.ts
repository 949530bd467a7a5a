import { Client, InMemoryTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  createMcpHandler,
  createRequestStateCodec,
  inputRequired,
  McpServer,
} from "@modelcontextprotocol/server";
import type { GateTool, OnHeld } from "latchgate-client/tools";
import { describe, expect, it } from "vitest";
import { expectOneEach, operatorOf, TOGETHER, type Together } from "./held-together.ts";
import { slowWorld } from "./slow-world.ts";
import { world } from "./world.ts";

const INFO = { name: "gate", version: "1" };
type Verify = NonNullable<ConstructorParameters<typeof McpServer>[1]>["requestState"];

function serverOf(tools: readonly GateTool[], requestState?: Verify): McpServer {
  const server = new McpServer(INFO, requestState === undefined ? {} : { requestState });
  for (const tool of tools) server.registerTool(tool.name, tool, tool.mcp);
  return server;
}

/** A client that says yes when it is asked, and does something meanwhile. */
function clientOf(modern: boolean, meanwhile: () => Promise<unknown> = async () => {}) {
  const asked: string[] = [];
  const mode = modern ? ({ pin: "2026-07-28" } as const) : "legacy";
  const mcp = new Client(INFO, { capabilities: { elicitation: {} }, versionNegotiation: { mode } });
  mcp.setRequestHandler("elicitation/create", async ({ params }) => {
    asked.push(params.message);
    await meanwhile();
    return { action: "accept", content: {} };
  });
  return { mcp, asked };
}

/** Over HTTP as of 2026-07-28, each request on a server of its own; no socket is opened. Gives all that is said. */
async function overHttp(mcp: Client, makeServer: () => McpServer): Promise<string[]> {
  const handler = createMcpHandler(makeServer);
  const said: string[] = [];
  const fetch = async (url: string | URL, init?: RequestInit) => {
    if (typeof init?.body === "string") said.push(init.body);
    const response = await handler.fetch(new Request(url, init));
    said.push(await response.clone().text());
    return response;
  };
  await mcp.connect(new StreamableHTTPClientTransport(new URL("http://mcp.invalid/"), { fetch }));
  return said;
}

const ask: OnHeld = (_, { message }) => {
  const requestedSchema = { type: "object" as const, properties: {} };
  return inputRequired({ inputRequests: { operator: inputRequired.elicit({ message, requestedSchema }) } });
};

describe("MCP v2", () => {
  it("registers each tool as it is, lists and calls it", async () => {
    const { client, gate } = world();
    const tools = await client.tools();
    const { mcp } = clientOf(true);
    await overHttp(mcp, () => serverOf(tools));
    const listed = await mcp.listTools();
    expect(listed.tools[1]).toMatchObject({
      name: "mail",
      description: "Sends a mail. Side effects: mail_send. Risk: medium.",
      inputSchema: { type: "object", required: ["to"], additionalProperties: false },
    });
    const called = await mcp.callTool({ name: "mail", arguments: { to: "a@b" } });
    expect(JSON.stringify(called)).toContain("sent");
    expect(gate.effects).toHaveLength(1);
  });

  it("checks the parameters by the tool's Standard Schema, and executes nothing that does not fit", async () => {
    const { client, gate } = world();
    const tools = await client.tools();
    const { mcp } = clientOf(true);
    await overHttp(mcp, () => serverOf(tools));
    const called = await mcp.callTool({ name: "mail", arguments: { to: 1 } });
    expect(called).toMatchObject({ isError: true });
    expect(JSON.stringify(called)).toContain("must be string");
    expect(gate.sessions).toHaveLength(0);
  });

  it("asks for input when a call is held, and takes the same call up with the answer: one effect", async () => {
    const { client, gate, decide } = world();
    const tools = await client.tools({ onHeld: ask });
    const { mcp, asked } = clientOf(true, decide);
    const said = await overHttp(mcp, () => serverOf(tools));
    const called = await mcp.callTool({ name: "pay", arguments: { to: "a@b" } });
    expect(JSON.stringify(called)).toContain("paid");
    expect(asked).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
    expect(said.join()).toContain("input_required");
    expect(said.join()).not.toContain(gate.approvals[0]?.approvalId);
  });

  it("asks again while the operator has not decided: one effect", async () => {
    const { client, gate, decide } = world();
    const tools = await client.tools({ onHeld: ask });
    let times = 0;
    const { mcp, asked } = clientOf(true, async () => {
      times += 1;
      if (times === 3) await decide();
    });
    await overHttp(mcp, () => serverOf(tools));
    expect(JSON.stringify(await mcp.callTool({ name: "pay", arguments: { to: "a@b" } }))).toContain("paid");
    expect(asked).toHaveLength(3);
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  it("carries the call's id in a state that the server signs, where it signs: one effect", async () => {
    const { client, gate, decide } = world();
    const codec = createRequestStateCodec<{ callId: string | undefined }>({
      key: new Uint8Array(32).fill(7),
    });
    const onHeld: OnHeld = async (held, call) =>
      Object.assign(ask(held, call) as object, { requestState: await codec.mint({ callId: call.callId }) });
    const tools = await client.tools({ onHeld });
    const { mcp } = clientOf(true, decide);
    await overHttp(mcp, () => serverOf(tools, { verify: codec.verify }));
    expect(JSON.stringify(await mcp.callTool({ name: "pay", arguments: { to: "a@b" } }))).toContain("paid");
    expect(gate.effects).toHaveLength(1);
  });

  it("takes no id from a client that it did not give out", async () => {
    const { client, gate } = world();
    const [mail] = await client.tools({ only: ["mail"] });
    const state = (requestState: string) => ({ mcpReq: { requestState: () => requestState } });
    await mail?.execute({ to: "a@b" }, { toolCallId: "call_1" });
    await mail?.mcp({ to: "a@b" }, state("call_1"));
    expect(gate.effects).toHaveLength(2);
  });

  it("asks clients of 2025 by elicitation in the same way: one effect", async () => {
    const { client, gate, decide } = world();
    const server = serverOf(await client.tools({ onHeld: ask }));
    const { mcp, asked } = clientOf(false, decide);
    const [here, there] = InMemoryTransport.createLinkedPair();
    await Promise.all([server.connect(there), mcp.connect(here)]);
    expect(JSON.stringify(await mcp.callTool({ name: "pay", arguments: { to: "a@b" } }))).toContain("paid");
    expect(asked).toHaveLength(1);
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });

  it("waits for the operator without asking anybody, too: one effect", async () => {
    const { client, gate, clock, decide } = world();
    const tools = await client.tools();
    const { mcp } = clientOf(true);
    await overHttp(mcp, () => serverOf(tools));
    clock.timer(50_000, () => void decide());
    const called = await clock.until(mcp.callTool({ name: "pay", arguments: { to: "a@b" } }));
    expect(JSON.stringify(called)).toContain("paid");
    expect(gate.effects).toHaveLength(1);
  });

  describe.each(TOGETHER)("with held calls at once: $what", (together) => {
    const callEach = (mcp: Client, { calls }: Together) =>
      Promise.all(
        calls.map(async ({ to }) => {
          const { content } = await mcp.callTool({ name: "pay", arguments: { to } });
          return content.map((part) => (part.type === "text" ? part.text : part.type)).join();
        }),
      );

    it("waits for each: each has its own answer, and acts once", async () => {
      const here = world();
      const tools = await here.client.tools();
      const { mcp } = clientOf(true);
      await overHttp(mcp, () => serverOf(tools));
      operatorOf(here, together).inTurn();
      expectOneEach(here, together, await here.clock.until(callEach(mcp, together)));
    });

    it("asks for input for each, and takes each up with its own state: each acts once", async () => {
      const here = world();
      const tools = await here.client.tools({ onHeld: ask });
      const minute = () => new Promise<void>((resolve) => void here.clock.timer(60_000, resolve));
      const { mcp, asked } = clientOf(true, minute);
      const said = await overHttp(mcp, () => serverOf(tools));
      operatorOf(here, together).inTurn();
      expectOneEach(here, together, await here.clock.until(callEach(mcp, together)));
      expect(asked.length).toBeGreaterThanOrEqual(together.calls.length);
      expect(said.join().match(/"requestState":"mcp-call:[^"]+/g)?.length).toBeGreaterThan(1);
    });

    it("asks clients of 2025 by elicitation in the same way: each acts once", async () => {
      const here = world();
      const server = serverOf(await here.client.tools({ onHeld: ask }));
      const minute = () => new Promise<void>((resolve) => void here.clock.timer(60_000, resolve));
      const { mcp } = clientOf(false, minute);
      const [near, far] = InMemoryTransport.createLinkedPair();
      await Promise.all([server.connect(far), mcp.connect(near)]);
      operatorOf(here, together).inTurn();
      expectOneEach(here, together, await here.clock.until(callEach(mcp, together)));
    });
  });

  it("ends the wait when the client cancels", async () => {
    const { client, gate, abort } = world();
    const tools = await client.tools();
    const { mcp } = clientOf(true);
    await overHttp(mcp, () => serverOf(tools));
    const called = { name: "pay", arguments: { to: "a@b" } };
    const { askedAfter } = await abort((signal) => mcp.callTool(called, { signal }));
    expect(gate.approvals).toHaveLength(1);
    expect(askedAfter).toBe(0);
  });
});

describe("a client of MCP v2 that stops waiting, and calls again", () => {
  const id = { _meta: { "latchgate/callId": "0b2f6c9e-5d0d-4d6c-9a53-2a7f0a0f3c11" } };
  const slow = { name: "slow", arguments: {} };

  async function connectedTo(
    tools: readonly GateTool[],
    meanwhile?: () => Promise<unknown>,
  ): Promise<Client> {
    const { mcp } = clientOf(true, meanwhile);
    await overHttp(mcp, () => serverOf(tools));
    return mcp;
  }

  async function calledTwice(call: typeof slow & { _meta?: Record<string, unknown> }) {
    const here = slowWorld();
    const tools = await here.client.tools();
    const leaving = new AbortController();
    const first = (await connectedTo(tools)).callTool(call, { signal: leaving.signal });
    await here.running;
    leaving.abort();
    await expect(first).rejects.toThrow();
    const second = here.clock.until((await connectedTo(tools)).callTool(call));
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

  it("acts once when its own time limit is over and the action has ended meanwhile", async () => {
    const { client, gate, running, letGo } = slowWorld();
    const tools = await client.tools();
    const mcp = await connectedTo(tools);
    await expect(mcp.callTool({ ...slow, ...id }, { timeout: 100 })).rejects.toThrow(/timed out/i);
    await running;
    letGo();
    expect(JSON.stringify(await mcp.callTool({ ...slow, ...id }))).toContain("slept");
    expect(gate.effects).toHaveLength(1);
  });

  it("takes up the same held call by its id, or by the state that it was asked with: one effect", async () => {
    const { client, gate, clock, decide } = world();
    const tools = await client.tools({ onHeld: ask });
    const call = { name: "pay", arguments: { to: "a@b" }, ...id };
    const leaving = new AbortController();
    const mcp = await connectedTo(tools, async () => leaving.abort());
    await expect(clock.until(mcp.callTool(call, { signal: leaving.signal }))).rejects.toThrow();
    expect(gate.approvals).toHaveLength(1);
    const again = await connectedTo(tools, decide);
    expect(JSON.stringify(await clock.until(again.callTool(call)))).toContain("paid");
    expect(gate.effects).toHaveLength(1);
    expect(gate.approvals).toHaveLength(1);
  });
});
