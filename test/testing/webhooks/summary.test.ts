import { expect, test } from "vitest";
import { sortedJson } from "../../../src/testing/webhooks/json.ts";
import { requestSummary } from "../../../src/testing/webhooks/summary.ts";
import { dataOf, scene } from "./scene.ts";

const shown = (request: unknown, secrets: readonly string[] = []) =>
  JSON.parse(sortedJson(requestSummary(JSON.stringify(request), secrets))) as unknown;

const HIDDEN = "***REDACTED***";

test("members are hidden by what their names contain, whatever they hold, and harmless ones with them", () => {
  const names = ["password", "passwd", "secret", "token", "key", "credential", "auth", "api_key", "apikey"];
  names.push(
    "private",
    "bearer",
    "cookie",
    "session",
    "pin",
    "cvv",
    "ssn",
    "author",
    "monkey",
    "shipping",
    "MAPPING",
  );
  for (const value of [1, "x", null, true, ["x"], { a: 1 }])
    expect(shown(Object.fromEntries(names.map((name) => [name, value])))).toEqual(
      Object.fromEntries(names.map((name) => [name, HIDDEN])),
    );
});

test("a declared secret hides a member of that whole name, in any case, and no other", () => {
  expect(shown({ Word: 1, word: 2, words: 3 }, ["WORD"])).toEqual({ Word: HIDDEN, word: HIDDEN, words: 3 });
});

test("values are never looked at", () => {
  const request = {
    url: "https://u:p@example.com/?api_key=1",
    lines: ["Authorization: Bearer x"],
    text: "Bearer x",
  };
  expect(shown(request)).toEqual(request);
});

test("what is deeper than five levels is cut, scalars too, and a hidden name hides before its depth is looked at", () => {
  expect(shown({ a: { a: { a: { a: { a: 1 } } } } })).toEqual({ a: { a: { a: { a: { a: 1 } } } } });
  const cut = "***TRUNCATED (max depth)***";
  expect(shown({ a: { a: { a: { a: { a: { a: 1, pin: 1 } } } } } })).toEqual({
    a: { a: { a: { a: { a: { a: cut, pin: HIDDEN } } } } },
  });
  expect(shown([[[[[["six"]]]]]])).toEqual([[[[[[cut]]]]]]);
});

test("of an array ten items are shown, of a long text two hundred characters, counted in bytes", () => {
  expect(shown(Array(10).fill(1))).toEqual(Array(10).fill(1));
  expect(shown(Array(12).fill(1))).toEqual([...Array(10).fill(1), "…[2 more items]"]);
  expect(shown("x".repeat(256))).toBe("x".repeat(256));
  expect(shown("x".repeat(257))).toBe(`${"x".repeat(200)}…[257 bytes total]`);
  expect(shown("é".repeat(129))).toBe(`${"é".repeat(129)}…[258 bytes total]`);
  expect(shown("🔒".repeat(300))).toBe(`${"🔒".repeat(200)}…[1200 bytes total]`);
});

test("numbers keep their digits, names their bytes' order, and a name that comes twice its last value", () => {
  const body =
    '{"n":12345678901234567890,"m":-9223372036854775808,"e":1e21,"f":1.50,"z":2.0,"10":1,"9":1,"\\ue000":1,"\\ud83d\\ude00":1,"n2":1,"n2":2,"__proto__":1}';
  expect(sortedJson(requestSummary(body, []))).toBe(
    '{"10":1,"9":1,"__proto__":1,"e":1e+21,"f":1.5,"m":-9223372036854775808,"n":12345678901234567890,"n2":2,"z":2.0,"\ue000":1,"😀":1}',
  );
});

test("a call without a body has an empty summary, and what is hidden there is whole in the hash and in the action", async () => {
  const { agent, gate, bodies } = await scene({}, { actions: { risky: { riskLevel: "high" } } });
  await agent.execute("risky", { token: "t" });
  await gate.webhooksSettled();
  expect(dataOf(bodies[0])["request_summary"]).toEqual({ token: HIDDEN });
  expect(gate.approvals[0]?.params).toEqual({ token: "t" });
  expect(shown({})).toEqual({});
  expect(sortedJson(requestSummary("", []))).toBe("{}");
});
