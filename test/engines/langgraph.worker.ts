import { Annotation, Command, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import { LatchGateApprovalRequired } from "latchgate-client";
import { postgresJournal } from "latchgate-client/journals";
import pg from "pg";
import { clientOf, type Ending, endingOf, type Order } from "./order.ts";

const pool = new pg.Pool({
  host: process.env["ENGINES_POSTGRES"] ?? "",
  user: "postgres",
  database: "postgres",
});
const client = clientOf(postgresJournal(pool, { table: "calls" }));

const State = Annotation.Root({ order: Annotation<Order>(), ending: Annotation<Ending | undefined>() });

/** The node runs again from its start when the graph is resumed: the `callId` makes it the same call. */
async function buy({ order }: typeof State.State) {
  const { callId, actionId } = order;
  try {
    await client.execute(actionId, { callId }, { callId });
    return { ending: { outcome: "result", code: "" } as const };
  } catch (error) {
    if (!(error instanceof LatchGateApprovalRequired)) return { ending: endingOf(error) };
    interrupt({ approvalId: error.approvalId });
    // Resumed, and still held: the node fails, and is run again.
    throw error;
  }
}

const graph = new StateGraph(State)
  .addNode("buy", buy)
  .addEdge(START, "buy")
  .addEdge("buy", END)
  .compile({ checkpointer: new PostgresSaver(pool) });

/** Drives an order's graph from wherever another process has left it. */
async function drive(order: Order): Promise<void> {
  const config = { configurable: { thread_id: order.callId } };
  for (;;) {
    try {
      const { values, next, tasks } = await graph.getState(config);
      const ending = (values as Partial<typeof State.State>).ending;
      if (ending !== undefined) return void process.send?.({ callId: order.callId, ending });
      const isPaused = tasks.some(({ interrupts }) => interrupts.length > 0);
      if (isPaused) await graph.invoke(new Command({ resume: "look again" }), config);
      else await graph.invoke(next.length > 0 ? null : { order }, config);
    } catch {
      // Still under way elsewhere: the next turn finds more.
    }
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

process.on("message", (orders: readonly Order[]) => {
  for (const order of orders) void drive(order);
});
process.on("disconnect", () => process.exit());
process.send?.("ready");
