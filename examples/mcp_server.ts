/** The gate's actions as tools of an MCP server, with version 1 of the SDK. */
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { LatchGateClient } from "latchgate-client";

export const server = new Server({ name: "gate", version: "1.0.0" }, { capabilities: { tools: {} } });
const tools = new Map((await new LatchGateClient({ agentId: "agent:mcp" }).tools()).map((t) => [t.name, t]));
server.setRequestHandler(ListToolsRequestSchema, () => ({
  tools: [...tools.values()].map(({ name, description, parameters }) => ({
    name,
    description,
    inputSchema: parameters,
  })),
}));
server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) => {
  const tool = tools.get(params.name);
  if (tool === undefined) throw new Error(`no tool ${params.name}`);
  return tool.mcp(params.arguments, extra);
});
