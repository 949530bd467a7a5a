/**
 * Tells a listener of the program's. What it throws, or what the promise that it gives is rejected with, changes nothing for
 * what it heard of.
 */
export function tell<Heard>(listener: ((heard: Heard) => unknown) | undefined, heard: Heard): void {
  try {
    const answer = listener?.(heard) as PromiseLike<unknown> | undefined;
    if (typeof answer?.then === "function") answer.then(undefined, () => {});
  } catch {
    // Not ours to report.
  }
}
