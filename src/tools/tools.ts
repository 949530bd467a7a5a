import type { CallOptions } from "../call/call-state.ts";
import { checkedOptions } from "../vocabulary/checked-options.ts";
import { LatchGateInvalidRequest, type ParameterIssue } from "../vocabulary/errors.ts";
import type { RiskLevel } from "../vocabulary/risk.ts";
import {
  type ActionFacts,
  type ActionSource,
  descriptionOf,
  readActions,
  type Selection,
} from "./actions.ts";
import { answerOfError, type ToolAnswer } from "./answers.ts";
import { clientsMcpCallId, contextOf, newMcpCallId, resumedMcpCallId } from "./context.ts";
import {
  inputSchemaOf,
  parametersOf,
  type ToolInput,
  type ToolInputSchema,
  type ToolParameters,
} from "./parameters.ts";
import { createRunner, type Executor, type Run, type RunOptions, type ToolCall } from "./running.ts";

export interface ToolOptions extends Selection, RunOptions {
  /** Ends the reading of the actions; a call's own signal is found in what the framework passes. */
  readonly signal?: AbortSignal | undefined;
  /**
   * An id of the conversation, kept with each call's: for frameworks and models whose call ids are unique only within one.
   * LangGraph's `thread_id` is found without it.
   */
  readonly conversation?: string | undefined;
  /** What a model is told of an action, in place of what can be said from the gate's own facts. */
  readonly describe?: ((action: ActionFacts) => string | undefined) | undefined;
}

/** One action of the gate as a tool: an object that each framework takes as it is. */
export interface GateTool {
  readonly name: string;
  readonly description: string;
  readonly riskLevel: RiskLevel;
  /** Standard Schema, with JSON Schema: Vercel AI SDK, MCP v2. */
  readonly inputSchema: ToolInputSchema;
  /** Plain JSON Schema: OpenAI Agents, MCP v1. */
  readonly parameters: ToolParameters;
  /** The same again, since LangChain's validator writes into it. */
  readonly schema: ToolParameters;
  /** The gate's schemas are no "strict" ones: OpenAI would have every property required. */
  readonly strict: false;
  /**
   * Checks the input, executes the action, and answers. It throws what `onHeld` throws, and nothing that the gate said.
   * @param context what the framework passes: an abort signal and the call's id are looked for in it
   */
  readonly execute: (input: unknown, ...context: readonly unknown[]) => Promise<ToolAnswer>;
  /**
   * The same as a `tools/call` result of MCP. What a client gives as `_meta["latchgate/callId"]` is the call's id: who calls again
   * with it joins the first call, which then goes on when its request is cancelled.
   */
  readonly mcp: (input: unknown, context?: unknown) => Promise<McpToolResult>;
}

/** A result of MCP's `tools/call`. When input is required it is that result, and has no `content`. */
export interface McpToolResult {
  [member: string]: unknown;
  content: { type: "text"; text: string }[];
  isError?: boolean;
}

/** What tools are made of: a `LatchGateClient`, or what does the same. */
export interface ToolSource extends ActionSource, Executor {
  /** What does not fit an action's schema, found without executing it. Without it `execute` alone checks. */
  issues?(actionId: string, params: unknown): Promise<readonly ParameterIssue[]>;
}

/**
 * The gate's actions as tools.
 *
 * @example
 * const tools = await createTools(client, { maxRisk: "medium" });
 */
export async function createTools(source: ToolSource, options: ToolOptions = {}): Promise<GateTool[]> {
  const { signal, timeoutMs, retry } = checkedOptions(options, "<tools>");
  const reading: CallOptions = { signal, timeoutMs, retry };
  const run = createRunner(source, options);
  return (await readActions(source, options, reading)).map((action) => toolOf(action, source, run, options));
}

function toolOf(
  action: ActionFacts,
  source: ToolSource,
  run: Run,
  { onHeld, onError, conversation, describe }: ToolOptions,
): GateTool {
  const { name, riskLevel, schema } = action;
  const parameters = parametersOf(schema);

  const callOf = (input: unknown, context: readonly unknown[]): ToolCall => ({
    name,
    riskLevel,
    // Who calls a tool without parameters may leave them out. What is no object is refused by `execute`.
    input: (input ?? {}) as ToolInput,
    context,
    ...contextOf(context, conversation),
  });

  /** A call that may be taken up again has an id; who asks for input gives it to the client, and gets it back. */
  const mcpCallOf = (call: ToolCall, given: string | undefined): ToolCall => {
    const own = typeof onHeld === "function" ? newMcpCallId() : undefined;
    return { ...call, callId: resumedMcpCallId(call.context) ?? given ?? call.callId ?? own };
  };

  return {
    name,
    description: describe?.(action) ?? descriptionOf(action),
    riskLevel,
    inputSchema: inputSchemaOf(parameters, async (params) => (await source.issues?.(name, params)) ?? []),
    parameters,
    schema: parametersOf(schema),
    strict: false,
    async execute(input, ...context) {
      const ran = await run(callOf(input, context), "ends");
      if ("answer" in ran) return ran.answer;
      // Only an MCP client can be asked for input: any other is told that the call is held.
      return answerOfError(ran.held);
    },
    async mcp(input, context) {
      const asked = callOf(input, [context]);
      const given = clientsMcpCallId(asked.context, conversation);
      if (given instanceof LatchGateInvalidRequest)
        return mcpResultOf(answerOfError(given, onError?.(given, asked)));
      const call = mcpCallOf(asked, given);
      const ran = await run(call, given === undefined ? "ends" : "goes on");
      if ("answer" in ran) return mcpResultOf(ran.answer);
      // Where two worlds meet: to MCP both are results of one call, and `resultType` tells them apart.
      const requestState = ran.inputRequired["requestState"] ?? call.callId;
      return { ...ran.inputRequired, requestState } as unknown as McpToolResult;
    },
  };
}

function mcpResultOf(answer: ToolAnswer): McpToolResult {
  const isError = !answer.ok && answer.held !== true;
  return { content: [{ type: "text", text: JSON.stringify(answer) }], ...(isError ? { isError } : {}) };
}
