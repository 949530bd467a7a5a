import { runInNewContext } from "node:vm";
import { LatchGateInvalidRequest } from "latchgate-client";
import { describe, expect, it } from "vitest";
import { sendingIssues, sentParameters } from "../../src/call/sent-parameters.ts";

const issuesOf = (given: unknown) => {
  try {
    sentParameters(given, "act");
  } catch (error) {
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ actionId: "act", code: "invalid_parameters", outcome: "not_executed" });
    return (error as LatchGateInvalidRequest).issues;
  }
  return [];
};
const pathsOf = (given: unknown) => issuesOf(given).map(({ path }) => path);

class Mail {
  to = "a";
  get subject() {
    return "from the prototype";
  }
}
class Hidden {
  readonly #cents = 5;
  spent() {
    return this.#cents;
  }
}

describe("parameters that JSON holds are sent as they are", () => {
  it.each<[string, object]>([
    ["none", {}],
    [
      "of every kind",
      {
        text: "ü€𝄞",
        n: -1.5e-7,
        yes: true,
        no: false,
        nothing: null,
        list: [1, [2, {}]],
        deep: { a: { b: [] } },
      },
    ],
    ["with minus zero, which is zero", { n: -0 }],
    [
      "named like what every object has",
      JSON.parse('{"__proto__":{"x":1},"constructor":1,"toString":null,"hasOwnProperty":[]}'),
    ],
    ["named toJSON, as data", { toJSON: "text", inner: { toJSON: { deep: [1] } } }],
    ["without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["of another realm", runInNewContext("({ a: [1, { b: 'x' }], c: {} })")],
    ["of a class with members of its own", { mail: new Mail() }],
    ["with a named capture, which has no prototype", { .../(?<year>\d+)/.exec("2026")?.groups }],
  ])("%s", (_what, given) => {
    const { text, value } = sentParameters(given, "act");
    expect(text).toBe(JSON.stringify(given));
    expect(JSON.stringify(value)).toBe(text);
    expect(value).toEqual(JSON.parse(text));
  });

  it("and none that are undefined, in an object or altogether", () => {
    expect(sentParameters({ a: undefined, b: { c: undefined, d: 1 } }, "act").text).toBe('{"b":{"d":1}}');
    expect(sentParameters(undefined, "act")).toEqual({ text: "{}", value: {} });
  });
});

describe("what JSON would change or drop is refused, with where it is", () => {
  const sparse: unknown[] = [1];
  sparse[2] = 3;
  it.each<[string, unknown, string?]>([
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set([1])],
    ["a Date", new Date(0)],
    ["an invalid Date", new Date(Number.NaN)],
    ["a RegExp", /x/],
    ["an Error", new Error("x")],
    ["bytes", new Uint8Array([1])],
    ["a Buffer", Buffer.from("x")],
    ["an ArrayBuffer", new ArrayBuffer(1)],
    ["a URL", new URL("http://a/")],
    ["a Headers", new Headers({ a: "b" })],
    ["a promise", Promise.resolve(1)],
    ["a boxed text", Object("x")],
    ["a boxed number", Object(1)],
    ["a Map of another realm", runInNewContext("new Map([[1, 2]])")],
    ["a Map that is called an Object", Object.setPrototypeOf(new Map(), { __proto__: Map.prototype })],
    ["an object that hides its data", new Hidden()],
    ["an object with a toJSON method", { toJSON: () => "x" }, "/in/at/1/toJSON"],
    [
      "an object of a class with a toJSON method",
      new (class extends Mail {
        toJSON = () => "x";
      })(),
    ],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["a BigInt", 1n],
    ["a function", () => {}],
    ["a class", Mail],
    ["a symbol", Symbol("s")],
    ["undefined in a list", undefined],
    ["half a character", "x\ud800y"],
    ["the other half", "\udc00"],
    ["a member named by a symbol", { [Symbol("s")]: 1 }],
    ["a list with further members", Object.assign([1], { more: 2 })],
    ["a list's member named by a symbol", Object.assign([1], { [Symbol("s")]: 2 })],
    ["a list with a hole", sparse, "/in/at/1/1"],
  ])("%s", (_what, wrong, path = "/in/at/1") => {
    expect(pathsOf({ fine: 1, in: { at: [0, wrong] } })).toEqual([path]);
  });

  it("half a character in a name", () => {
    expect(issuesOf({ a: { "b\ud800": 1 } })).toHaveLength(1);
  });

  it("a path is a JSON Pointer, and each thing that is wrong has one", () => {
    expect(pathsOf({ "a/b": { "c~d": Number.NaN }, e: [{ f: 1n }, [() => {}]], g: "fine" })).toEqual([
      "/a~1b/c~0d",
      "/e/0/f",
      "/e/1/0",
    ]);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["a list", [1]],
    ["text", "x"],
    ["a number", 5],
    ["a function", () => {}],
    ["a BigInt", 1n],
  ])("%s in place of the parameters", (_what, wrong) => {
    expect(issuesOf(wrong)).toEqual([{ path: "", message: "must be an object" }]);
    expect(() => sentParameters(wrong, "act")).toThrow("the parameters must be an object");
  });

  it.each<[string, unknown]>([
    ["a Map", new Map([["to", "a"]])],
    ["a Date", new Date()],
    [
      "an object with a toJSON method",
      new (class {
        toJSON = () => [];
      })(),
    ],
    ["a URLSearchParams", new URLSearchParams("a=b")],
  ])("%s in place of the parameters, though it is an object", (_what, wrong) => {
    expect(pathsOf(wrong)[0]).toMatch(/^(\/toJSON)?$/);
    expect(pathsOf(wrong)).toHaveLength(1);
  });

  it("a getter or a Proxy that throws, without its words", () => {
    const getter = { in: { get bad() { throw new Error("secret-canary"); } } }; // biome-ignore format: one line
    const proxy = { in: { bad: new Proxy({}, { ownKeys: () => { throw new Error("secret-canary"); } }) } }; // biome-ignore format: one line
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const given of [getter, proxy, { in: { bad: revoked } }]) {
      expect(issuesOf(given)).toEqual([
        { path: "/in/bad", message: "must be readable: a getter or a Proxy failed" },
      ]);
      expect(() => sentParameters(given, "act")).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining("canary") }),
      );
    }
    expect(pathsOf(revoked)).toEqual([""]);
  });
});

describe("the gate's limits", () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);

  it("are ten levels, wherever they are", () => {
    expect(pathsOf({ a: nested(9) })).toEqual([]);
    expect(issuesOf({ a: nested(10) })).toEqual([
      { path: `/a${"/0".repeat(9)}`, message: "is nested too deep (10 levels at most)" },
    ]);
    expect(pathsOf({ toJSON: "data", a: nested(10) })).toHaveLength(1);
    expect(pathsOf({ a: { toJSON: "data", b: nested(9) } })).toHaveLength(1);
  });

  it("are a hundred items, under a member named toJSON too", () => {
    const items = (count: number) => Array.from({ length: count }, () => 0);
    expect(pathsOf({ a: items(100) })).toEqual([]);
    expect(pathsOf({ a: items(101), toJSON: [items(101)] })).toEqual(["/a", "/toJSON/0"]);
  });

  it("are 1 MiB of text", () => {
    const of = (bytes: number) => ({ a: "x".repeat(bytes - '{"a":""}'.length) });
    expect(issuesOf(of(1024 * 1024))).toEqual([]);
    for (const large of [of(1024 * 1024 + 1), { a: "ä".repeat(600_000) }, { ["n".repeat(2 ** 20)]: 1 }])
      expect(issuesOf(large)).toEqual([
        { path: "", message: "are larger than the gate takes (1048576 bytes)" },
      ]);
  });

  it("end the walk soon: through a cycle, through what refers to itself everywhere, through what is as large by being told often", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = { cycle };
    expect(issuesOf(cycle)[0]?.message).toMatch(/cycle/);
    const everywhere: unknown[] = [];
    for (let index = 0; index < 100; index += 1) everywhere.push(everywhere);
    expect(issuesOf({ everywhere })).toHaveLength(100);
    let often: unknown = "x";
    for (let level = 0; level < 9; level += 1) often = Array.from({ length: 100 }, () => often);
    expect(issuesOf({ often })[0]?.message).toMatch(/larger/);
    let deep: Record<string, unknown> = {};
    for (let depth = 0; depth < 20_000; depth += 1) deep = { deep };
    expect(issuesOf(deep)[0]?.message).toMatch(/too deep/);
  });
});

describe("what is sent is a copy", () => {
  it("that does not change with the caller's objects", () => {
    const given = { list: [{ a: 1 }], inner: { b: 2 } };
    const { text, value } = sentParameters(given, "act");
    given.list[0] = { a: 5 };
    given.inner.b = 6;
    expect(value).toEqual({ list: [{ a: 1 }], inner: { b: 2 } });
    expect(JSON.parse(text)).toEqual(value);
  });

  it("of what was read once: a getter that says another thing each time is sent as it was checked", () => {
    let reads = 0;
    const given = { get n() { reads += 1; return reads === 1 ? 1 : Number.NaN; } }; // biome-ignore format: one line
    expect(sentParameters(given, "act")).toEqual({ text: '{"n":1}', value: { n: 1 } });
    expect(reads).toBe(1);
  });

  it("without what somebody has put on every object's prototype", () => {
    const polluted = Object.prototype as unknown as Record<string, unknown>;
    polluted["everywhere"] = 1;
    const { text } = sentParameters({ a: { b: 1 } }, "act");
    delete polluted["everywhere"];
    expect(text).toBe('{"a":{"b":1}}');
  });
});

it("the issues alone are those of the error", () => {
  expect(sendingIssues({ a: 1 })).toEqual([]);
  expect(sendingIssues({ a: Number.NaN })).toEqual(issuesOf({ a: Number.NaN }));
});
