import { once } from "node:events";
// Loaded beforehand: the first import takes its time.
import "ajv";
import "ajv/dist/2019.js";
import "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { createValidator } from "../../src/agent/validation.ts";
import type { Call } from "../../src/call/call.ts";
import type { operations } from "../../src/generated/agent.ts";
import { createClock } from "../../src/wire/send.ts";

/** A gate whose action has the schema that is in force at the moment. */
function gateWith(schema: object) {
  const gate = { schema, maxRequestBytes: 1_000_000, reads: 0, isDown: false };
  const call = async (operation: string) => {
    if (gate.isDown) throw new Error("the gate is down");
    if (operation === "getAction") return { body: { io: { max_request_bytes: gate.maxRequestBytes } } };
    gate.reads += 1;
    return { body: structuredClone(gate.schema) };
  };
  return { gate, validator: createValidator(call as unknown as Call<operations>, createClock()) };
}

const STRICT = { properties: { n: { type: "number" } } };
const RELAXED = { properties: { n: { type: ["number", "string"] } } };

it("a schema that was relaxed is read again before anything is refused by the old one", async () => {
  const { gate, validator } = gateWith(STRICT);
  expect(await validator.issues("mail", { n: "x" })).toMatchObject([{ path: "/n" }]);
  expect(gate.reads).toBe(1);
  gate.schema = RELAXED;
  expect(await validator.issues("mail", { n: "x" })).toEqual([]);
  expect(await validator.issues("mail", { n: "x" })).toEqual([]);
  expect(gate.reads).toBe(2);
});

it("a limit of size that was raised is, too", async () => {
  const { gate, validator } = gateWith({});
  gate.maxRequestBytes = 10;
  const params = { text: "x".repeat(100) };
  expect(await validator.issues("mail", params)).toMatchObject([
    { message: "must be at most 10 bytes as JSON" },
  ]);
  gate.maxRequestBytes = 1_000;
  expect(await validator.issues("mail", params)).toEqual([]);
});

it("many that are refused at once read it again once, and one that can't read it goes by the old one", async () => {
  const { gate, validator } = gateWith(STRICT);
  await validator.issues("mail", { n: 1 });
  const refused = await Promise.all(Array.from({ length: 20 }, () => validator.issues("mail", { n: "x" })));
  expect(refused.every(([issue]) => issue?.path === "/n")).toBe(true);
  expect(gate.reads).toBe(2);
  gate.isDown = true;
  expect(await validator.issues("mail", { n: "x" })).toMatchObject([{ path: "/n" }]);
  gate.isDown = false;
  gate.schema = RELAXED;
  expect(await validator.issues("mail", { n: "x" })).toEqual([]);
});

it("what can't be checked is said once, with the action", async () => {
  const warnings: (Error & { code?: string })[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on("warning", listen);
  const schema = { properties: { a: { pattern: "(?x)said once" } } };
  for (let client = 0; client < 3; client += 1) {
    const { validator } = gateWith(schema);
    expect(await validator.issues("told", { a: "x" })).toEqual([]);
    expect(await validator.issues("told", { a: "y" })).toEqual([]);
  }
  const end = once(process, "warning");
  process.emitWarning("end of the test");
  await end;
  process.off("warning", listen);
  const ours = warnings.filter(({ code }) => code === "LATCHGATE_UNCHECKED");
  expect(ours.map(({ message }) => message)).toEqual([
    'the pattern "(?x)said once" of the action told can\'t be checked before it is sent: the gate checks it',
  ]);
});

it("what JSON does not have is found without asking the gate", async () => {
  const { gate, validator } = gateWith(STRICT);
  expect(await validator.issues("mail", { at: new Date() })).toMatchObject([{ path: "/at" }]);
  expect(gate.reads).toBe(0);
});
