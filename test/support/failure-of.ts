import type { LatchGateError } from "latchgate-client";

/** What a promise is rejected with; one that is not is a failure of the test. */
export async function failureOf<Failure = LatchGateError>(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error as Failure,
  );
}
