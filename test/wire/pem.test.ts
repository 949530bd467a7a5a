import { inspect } from "node:util";
import { expect, it } from "vitest";
import { DPoPKeyPair } from "../../src/index.ts";
import { LatchGateOperator } from "../../src/operator.ts";
import { newKeyPair } from "../support/keys.ts";

const pem = newKeyPair().privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const secret = pem.split("\n")[1] ?? "";

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

it("a PEM that is given for its path is refused, and not quoted", async () => {
  const error = await failure(DPoPKeyPair.fromPemFile(pem));
  expect(inspect(error, { depth: null })).not.toContain(secret);
  expect((error as Error).message).toContain("the path of its file");
});

it("nor is it where an operator's credentials come from the environment", async () => {
  for (const env of [
    { LATCHGATE_OPERATOR_KEY: "k", LATCHGATE_OPERATOR_PRIVATE_KEY: pem },
    { LATCHGATE_CONFIG: pem },
  ]) {
    const error = await failure(LatchGateOperator.discover({ cwd: "/nowhere", env }));
    expect(inspect(error, { depth: null })).not.toContain(secret);
  }
});
