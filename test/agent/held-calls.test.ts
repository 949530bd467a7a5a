import { expect, it } from "vitest";
import { createHeldCalls } from "../../src/agent/held-calls.ts";
import { DPoPKeyPair, privateJwkOf } from "../../src/proof/dpop.ts";
import { virtualClock } from "../support/virtual-clock.ts";

it("of a thousand held calls those are forgotten that nobody may look at any more, and no others", async () => {
  const clock = virtualClock();
  const holds = createHeldCalls(clock, clock.now);
  const privateKey = privateJwkOf(await DPoPKeyPair.generate());
  const adopt = (approvalId: string, leaseEndsAt: number) => {
    const handed = { token: "lease", privateKey, sessionId: "s", openedAt: clock.now(), leaseEndsAt };
    const approvalEndsAt = clock.now() + 300_000;
    holds.adopt(approvalId, { ...handed, approvalEndsAt }, { actionId: "pay", traceId: "t" });
  };
  adopt("lives", clock.now() + 60_000);
  for (let at = 1; at < 1_000; at += 1) adopt(`ended ${at}`, clock.now() - 1);
  expect(holds.get("ended 1")).toBeDefined();
  adopt("one more", clock.now() + 60_000);
  expect(holds.get("ended 1")).toBeUndefined();
  expect(holds.get("ended 999")).toBeUndefined();
  expect([holds.get("lives"), holds.get("one more")]).toEqual([expect.anything(), expect.anything()]);
});
