import { describe, expect, it } from "vitest";
import { createPattern } from "../../src/agent/patterns.ts";

describe("a pattern in the gate's spelling", () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ["^a$", ["a"], ["b", "aa"]],
    ["(?i)^a", ["abc", "Abc"], ["bA"]],
    ["(?is)^a.b$", ["A\nB"], ["ab"]],
    ["\\Aa\\z", ["a"], ["ba", "a\n", "b\na"]],
    ["(?m)\\Aa$", ["a", "a\nb"], ["b\na"]],
    ["^[\\w-.]+$", ["a-b.c"], ["a b"]],
    ["^[.-\\w]+$", ["a-b.c"], ["a b", "/"]],
    ["^[a\\-z]+$", ["a-z"], ["b"]],
    ["^[a-c]+$", ["abc"], ["a-"]],
    ["^a\\-b\\_c\\@d\\:e$", ["a-b_c@d:e"], ["a\\-b_c@d:e"]],
    ["^(?P<year>\\d{4})$", ["2026"], ["26"]],
    ["^\\p{L}+\\-\\p{L}+$", ["ä-ö"], ["1-2"]],
    ["^[\\p{L}-_]+$", ["ä-_"], ["1"]],
    ["^\\\\-$", ["\\-"], ["-"]],
    ["^\\$\\{\\[\\]\\}$", [`$${"{[]}"}`], ["$"]],
  ])("%s", (source, fitting, others) => {
    const { fits } = createPattern(source);
    for (const text of fitting) expect([text, fits(text)]).toEqual([text, true]);
    for (const text of others) expect([text, fits(text)]).toEqual([text, false]);
  });

  it.each(["(?x) a b", "(?>a+)b", "a++", "[[:alpha:]]", "[a-z&&[^b]]", "a\\Z", "(", "[z-a]", "\\p{Nothing}"])(
    "%s has no counterpart here: it can't be told what fits",
    (source) => {
      expect(createPattern(source).fits("a")).toBeUndefined();
    },
  );
});

describe("a pattern that blows up", () => {
  it.each<[string, string]>([
    ["^(a+)+$", `${"a".repeat(29)}!`],
    ["^(a|a)*$", `${"a".repeat(40)}!`],
    [`^${"(a|a)".repeat(30)}$`, `${"a".repeat(29)}!`],
    ["(.*)=(.*)=(.*)=(.*)=\\1", "=".repeat(2_000)],
    ["a*a*a*a*a*b", "a".repeat(500)],
    ["a+$", `${"a".repeat(1024 * 1024)}!`],
  ])("%s keeps the process for a moment, is not told, and is not asked again", (source, text) => {
    const { fits } = createPattern(source);
    const began = performance.now();
    expect(fits(text)).toBeUndefined();
    const took = performance.now() - began;
    expect(took).toBeLessThan(2_000);
    const again = process.cpuUsage();
    expect(fits(text)).toBeUndefined();
    expect(process.cpuUsage(again).user).toBeLessThan(50_000);
  });

  it("is asked as any other where the text is short or fits at once", () => {
    const { fits } = createPattern("^(a+)+$");
    expect(fits("aaaa")).toBe(true);
    expect(fits("aaab")).toBe(false);
    expect(createPattern("^[a-z]+@[a-z]+$").fits(`${"a".repeat(300)}@b`)).toBe(true);
  });
});
