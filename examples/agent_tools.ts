/** The gate's actions as tools, in each framework. */
import { tool as langchainTool } from "@langchain/core/tools";
import { interrupt } from "@langchain/langgraph";
import { inputRequired, McpServer } from "@modelcontextprotocol/server";
import { Agent, tool as openaiTool } from "@openai/agents";
import { generateText, type LanguageModel } from "ai";
import { LatchGateClient } from "latchgate-client";

declare const model: LanguageModel;
const client = new LatchGateClient({ agentId: "agent:my-bot" });

// Vercel AI SDK: the operator is waited for in the middle of the run.
const tools = await client.tools({ maxRisk: "high" });
await generateText({
  model,
  prompt: "Tidy up docs/.",
  tools: Object.fromEntries(tools.map((t) => [t.name, t])),
});

// OpenAI Agents: the model is told that the call is held.
const asking = await client.tools({ onHeld: "return" });
new Agent({ name: "tidy", tools: asking.map((t) => openaiTool(t)) });

// LangGraph: the graph pauses, and `new Command({ resume: true })` takes the same call up.
const pausing = await client.tools({
  onHeld: (held, { message }) => interrupt({ message, approvalId: held.approvalId }),
});
pausing.map((t) => langchainTool(t.execute, t));

// MCP 2: the client's user is asked, and the client's next request takes the same call up.
const server = new McpServer({ name: "gate", version: "1.0.0" });
const requestedSchema = { type: "object" as const, properties: {} };
const elicit = (message: string) =>
  inputRequired({ inputRequests: { operator: inputRequired.elicit({ message, requestedSchema }) } });
for (const t of await client.tools({ onHeld: (_, { message }) => elicit(message) }))
  server.registerTool(t.name, t, t.mcp);
