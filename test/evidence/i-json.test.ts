import { expect, it } from "vitest";
import { MemberTwice, parseIJson } from "../../src/evidence/i-json.ts";

it.each([
  '{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2},["a","a"]],"":{}}',
  '{"a":"{\\"a\\":1,\\"a\\":2}","b":"\\\\","c":"\\\\\\""}',
  '["a",{"a":["b","a"],"b":"a"},"a"]',
  '{ "a" : "b" , "b" : "a" }',
  '{"__proto__":1,"constructor":2,"toString":3}',
  '"text"',
  "5",
  "{}",
])("what names each member once is read: %s", (text) => {
  expect(parseIJson(text)).toEqual(JSON.parse(text));
});

it.each([
  ['{"a":1,"a":1}', "a"],
  ['{"a":1,"b":[{}],"a":2}', "a"],
  ['[1,{"x":{"deep":{"b":1,"c":"}","b":2}}}]', "b"],
  ['{"a":{"b":"c"},"\\u0061":2}', "a"],
  ['{"a\\"b":1,"c":"\\\\","a\\"b":2}', 'a\\"b'],
  ['{ "" : 1 , "" : 2 }', ""],
  ['{"__proto__":1,"__proto__":2}', "__proto__"],
])("a member that is named twice is refused by its name: %s", (text, name) => {
  expect(() => parseIJson(text)).toThrow(MemberTwice);
  expect(() => parseIJson(text)).toThrow(`"${name}" twice`);
});

it.each(["", "{", '{"a":1,}', '{"a":1 "a":2}', '"a'])(
  "what is no JSON is a SyntaxError, and no more: %j",
  (text) => {
    expect(() => parseIJson(text)).toThrow(SyntaxError);
    expect(() => parseIJson(text)).not.toThrow(MemberTwice);
  },
);

it("is read in linear time", () => {
  const text = `{"a":"${"\\\\x".repeat(1_000_000)}","list":[${'{"a":1},'.repeat(200_000)}0]}`;
  const began = performance.now();
  parseIJson(text);
  expect(performance.now() - began).toBeLessThan(5_000);
});
