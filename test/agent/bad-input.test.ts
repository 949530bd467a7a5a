import {
  computeAth,
  createTransport,
  DPoPKeyPair,
  LatchGateClient,
  LatchGateInvalidRequest,
  normalizeHtu,
  verifyReceipt,
} from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { expect, it } from "vitest";

/** What a program without types may give by mistake. */
type Wrong = never;
const NO_OBJECTS = [null, 5, "x", true, Symbol("s")] as unknown as Wrong[];

const gate = new MockGate({ actions: { nothing: { riskLevel: "low", run: () => ({ ok: true }) } } });
const client = new LatchGateClient({ fetch: gate.fetch, agentId: "a" });
const checking = new LatchGateClient({ fetch: gate.fetch, agentId: "a", validate: "before" });
const operator = new LatchGateOperator({ fetch: gate.operatorFetch, ...gate.operatorCredentials });

const first = async (values: AsyncIterable<unknown>) => values[Symbol.asyncIterator]().next();

const ATTEMPTS: Record<string, (wrong: Wrong) => unknown> = {
  "the options of execute": (wrong) => client.execute("nothing", {}, wrong),
  "the options of execute, where parameters are checked": (wrong) => checking.execute("nothing", {}, wrong),
  "a signal where parameters are checked": (wrong) => checking.execute("nothing", {}, { signal: wrong }),
  "a signal with a callId": (wrong) => client.execute("nothing", {}, { callId: "c", signal: wrong }),
  "a signal of a wait": (wrong) => client.waitForApproval("a", { signal: wrong }),
  "a signal": (wrong) => client.execute("nothing", {}, { signal: wrong }),
  "the options of a read": (wrong) => client.getReceipt("r", wrong),
  "the options of a wait": (wrong) => client.waitForApproval("a", wrong),
  "the options of connect": (wrong) => client.connect({}, wrong),
  "the options of tools": (wrong) => client.tools(wrong),
  "a client's options": (wrong) => new LatchGateClient(wrong),
  "a transport's options": (wrong) => createTransport(wrong),
  "an operator's options": (wrong) => new LatchGateOperator(wrong),
  "the options of an approve": (wrong) => operator.approvals.approve("a", wrong),
  "the options of a list": (wrong) => operator.approvals.list(wrong),
  "the options of a watch": (wrong) => first(operator.approvals.watch(wrong)),
  "the options of events": (wrong) => first(operator.audit.events(wrong)),
  "a receipt": (wrong) => verifyReceipt(wrong),
};

it.each(Object.keys(ATTEMPTS))(
  "%s: what is no object is refused in our words, and nothing is sent",
  async (what) => {
    const before = gate.received.length;
    for (const wrong of NO_OBJECTS)
      await expect(async () => ATTEMPTS[what]?.(wrong), String(wrong)).rejects.toThrow(
        LatchGateInvalidRequest,
      );
    expect(gate.received.length).toBe(before);
  },
);

it.each([null, 5, [], {}])("what can't be waited for is refused: %j", async (wrong) => {
  await expect(client.waitForApproval(wrong as Wrong)).rejects.toThrow(LatchGateInvalidRequest);
});

it.each([null, 5, []])("the path of a key file that is none is refused: %j", async (wrong) => {
  await expect(DPoPKeyPair.fromPemFile(wrong as Wrong)).rejects.toThrow(LatchGateInvalidRequest);
});

it.each([null, undefined, 5, {}, new URL("http://a/")])(
  "a URL or a token of a proof that is no text is refused in our words: %j",
  (wrong) => {
    for (const make of [normalizeHtu, computeAth])
      expect(() => make(wrong as Wrong)).toThrow(LatchGateInvalidRequest);
  },
);

it.each([0, -1, Number.NaN, "500"])(
  "a time that is none is refused, checked parameters or not: %j",
  async (wrong) => {
    const before = gate.received.length;
    for (const validate of [undefined, "before"] as const) {
      const call = client.execute("nothing", {}, { validate, timeoutMs: wrong as Wrong });
      await expect(call).rejects.toMatchObject({ code: "invalid_options" });
    }
    expect(gate.received.length).toBe(before);
  },
);

it("keys that are null are no keys", () => {
  expect(verifyReceipt({} as Wrong, null as Wrong).signature.result).toBe("not_done");
});
