import { Client as McpClient } from "@modelcontextprotocol/sdk/client/index.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { MockLanguageModelV3 } from "ai/test";
import { MockGate } from "latchgate-client/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

// What docs/tools.md shows of the frameworks are these files, to the letter (test/readme.test.ts).

let gate: MockGate;
let server: Awaited<ReturnType<MockGate["listen"]>>;
beforeEach(async () => {
  gate = new MockGate({ builtinActions: false, actions: { mail: { run: () => ({ ok: true, sent: 1 }) } } });
  server = await gate.listen({ port: 0 });
  vi.stubEnv("LATCHGATE_URL", server.url);
  vi.stubEnv("LATCHGATE_PUBLIC_URL", gate.publicBaseUrl);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await server.close();
});

it("every line of examples/agent_tools.ts runs, and a model is given the gate's actions", async () => {
  const tokens = { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 };
  const model = new MockLanguageModelV3({
    doGenerate: {
      content: [{ type: "text", text: "done" }],
      finishReason: { unified: "stop", raw: "stop" },
      usage: { inputTokens: tokens, outputTokens: { total: 1, text: 1, reasoning: 0 } },
      warnings: [],
    },
  });
  vi.stubGlobal("model", model); // which the example only declares
  await import("../../examples/agent_tools.ts");
  expect(model.doGenerateCalls[0]?.tools).toMatchObject([{ type: "function", name: "mail" }]);
  expect(gate.received.filter(({ operationId }) => operationId === "listActions")).toHaveLength(4);
});

it("examples/mcp_server.ts lists the gate's actions, and calls them", async () => {
  const { server: example } = await import("../../examples/mcp_server.ts");
  const mcp = new McpClient({ name: "client", version: "1" });
  const [here, there] = InMemoryTransport.createLinkedPair();
  await Promise.all([example.connect(there), mcp.connect(here)]);
  expect((await mcp.listTools()).tools).toMatchObject([{ name: "mail" }]);
  const { content } = await mcp.callTool({ name: "mail", arguments: {} });
  expect(content).toMatchObject([{ text: '{"ok":true,"outcome":"executed","output":{"ok":true,"sent":1}}' }]);
  expect(gate.effects).toHaveLength(1);
});
