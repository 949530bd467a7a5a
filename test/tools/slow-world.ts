import { world } from "./world.ts";

/** A world whose action `slow` runs until it is let go: `running` is over when it has begun. */
export function slowWorld() {
  let begun = () => {};
  let letGo = () => {};
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const run = async () => {
    begun();
    await released;
    return { ok: true, slept: 1 };
  };
  const made = world({
    actions: {
      slow: { riskLevel: "low", run },
      pay: { riskLevel: "high", run: () => ({ ok: true, paid: 1 }) },
    },
  });
  return { ...made, running, letGo };
}
