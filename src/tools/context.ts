import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";

/** What can be known of a call from what a framework passes after the input. */
export interface CallContext {
  readonly signal: AbortSignal | undefined;
  /** The framework's id of this one call, with that of its conversation where there is one. */
  readonly callId: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Looks for an abort signal (`abortSignal`: Vercel AI SDK; `signal`: OpenAI Agents, LangChain, MCP v1; `mcpReq.signal`: MCP
 * v2) and for the id of the call (`toolCallId`, `toolCall.callId`, `toolCall.id`, `callId`) at the top of each argument. A
 * JSON-RPC id is none: it begins anew with each connection.
 */
export function contextOf(context: readonly unknown[], conversation?: string | undefined): CallContext {
  const places = context.filter(isObject);
  const signal = first(places, ({ abortSignal, signal, mcpReq }) =>
    [abortSignal, signal, isObject(mcpReq) ? mcpReq["signal"] : undefined].find(isSignal),
  );
  const id = first(places, ({ toolCallId, toolCall, callId }) => {
    const { callId: ofCall, id: itsId } = isObject(toolCall) ? toolCall : {};
    return [toolCallId, ofCall, itsId, callId].find(isName);
  });
  // LangGraph: its ids of calls are the model's, which may be unique within a thread only.
  const thread = first(places, ({ configurable }) =>
    [isObject(configurable) ? configurable["thread_id"] : undefined].find(isName),
  );
  return { signal, callId: id === undefined ? undefined : joined([conversation, thread, id]) };
}

/** The prefix of the ids that this package gives to calls of MCP, which have none of their own. */
const MCP_CALL = "mcp-call:";

export const newMcpCallId = () => `${MCP_CALL}${crypto.randomUUID()}`;

/**
 * The id that an MCP client sends back when it has been asked for input: as the `requestState` itself, or as `callId` in what
 * the server's own `requestState.verify` makes of it. Nobody can guess it, and only such ids are taken.
 */
export function resumedMcpCallId(context: readonly unknown[]): string | undefined {
  for (const place of context.filter(isObject)) {
    const request = place["mcpReq"];
    if (!isObject(request) || typeof request["requestState"] !== "function") continue;
    const state: unknown = request["requestState"]();
    const id = isObject(state) ? state["callId"] : state;
    if (typeof id === "string" && id.startsWith(MCP_CALL)) return id;
  }
  return undefined;
}

/** Under this key of a request's `_meta` an MCP client may give its call an id, and the same again when it repeats the call. */
const CALL_ID_KEY = "latchgate/callId";

const SHORTEST_ID = 16;
const LONGEST_ID = 128;

/**
 * The id that an MCP client has given to its call (`_meta`: MCP v1; `mcpReq._meta`: MCP v2), which outlives a request as none of
 * the protocol's own does. Whoever knows it can have the call's result: what could be guessed, or be a counter, is refused, and
 * not passed over, since the call would act again when it is repeated.
 */
export function clientsMcpCallId(
  context: readonly unknown[],
  conversation?: string | undefined,
): string | undefined | LatchGateInvalidRequest {
  const id = first(
    context.filter(isObject),
    ({ _meta, mcpReq }) =>
      [_meta, isObject(mcpReq) ? mcpReq["_meta"] : undefined].find(isObject)?.[CALL_ID_KEY],
  );
  if (id === undefined) return undefined;
  if (isName(id) && id.length >= SHORTEST_ID && id.length <= LONGEST_ID)
    return `${MCP_CALL}client:${joined([conversation, id])}`;
  const problem = `_meta["${CALL_ID_KEY}"] must be a text of ${SHORTEST_ID} to ${LONGEST_ID} characters that nobody can guess`;
  return new LatchGateInvalidRequest("<tools>", problem, { code: "invalid_options" });
}

function first<Value>(places: readonly Members[], look: (place: Members) => Value | undefined) {
  for (const place of places) {
    const found = look(place);
    if (found !== undefined) return found;
  }
  return undefined;
}

function joined(parts: readonly (string | undefined)[]): string {
  const given = parts.filter(isName);
  return given.length === 1 ? String(given[0]) : JSON.stringify(given);
}

export const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;

const isName = (value: unknown): value is string => typeof value === "string" && value !== "";

const isSignal = (value: unknown): value is AbortSignal =>
  isObject(value) && typeof value["aborted"] === "boolean" && typeof value["addEventListener"] === "function";
