import { test } from "vitest";

test("repeats without waiting for anything", async () => {
  async function askAgainForEver(): Promise<never> {
    for (;;) await Promise.resolve();
  }
  await askAgainForEver();
});
