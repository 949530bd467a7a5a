import * as restate from "@restatedev/restate-sdk";
import { fileJournal } from "latchgate-client/journals";
import { carryOut, clientOf, type Order } from "./order.ts";

// The SDK asks for Node 22: this is all that it misses on 20.
Object.assign(Promise, {
  withResolvers() {
    const parts: Record<string, unknown> = {};
    parts["promise"] = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
    return parts;
  },
});

const client = clientOf(fileJournal(process.env["ENGINES_DIRECTORY"] ?? ""));

const orders = restate.workflow({
  name: "orders",
  handlers: {
    // A workflow runs once for a key; what `ctx.run` does is done again when its process died before it had told of it.
    run: async (ctx: restate.WorkflowContext, order: Order) =>
      ctx.run("buy", () => carryOut(client, order), { initialRetryInterval: { milliseconds: 300 } }),
  },
});

await restate.serve({ services: [orders], port: Number(process.env["ENGINES_PORT"]) });
process.on("disconnect", () => process.exit());
process.send?.("ready");
