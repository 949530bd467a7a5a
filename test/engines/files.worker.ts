import { fileJournal } from "latchgate-client/journals";
import { carryOut, clientOf, type Order } from "./order.ts";

const client = clientOf(fileJournal(process.env["ENGINES_DIRECTORY"] ?? ""));

process.on("message", (orders: readonly Order[]) => {
  for (const order of orders) void untilEnded(order);
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function untilEnded(order: Order): Promise<void> {
  for (;;) {
    try {
      const ending = await carryOut(client, order);
      process.send?.({ callId: order.callId, ending });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}
