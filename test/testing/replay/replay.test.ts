import { afterAll, describe, expect, test } from "vitest";
import { replay } from "./replayer.ts";
import { replayVectors } from "./vectors.ts";
import { worlds } from "./worlds.ts";

const found: { readonly file: string; readonly same: number; readonly all: number }[] = [];
const left: string[] = [];

describe("every exchange that was recorded at a gate, asked of the mock", () => {
  for (const world of worlds) {
    test(`${world.file}: statuses, headers, bodies and names are the recorded ones`, async () => {
      const replayed = await replay(world);
      found.push(replayed);
      left.push(...replayed.left.map((what) => `${world.file} ${what}`));
      expect(replayed.complaints).toEqual([]);
      expect(replayed.extras).toEqual([]);
    });
  }

  test("proofs: every recorded proof gets the recorded verdict, in the recorded order", async () => {
    const replayed = await replayVectors();
    found.push(replayed);
    expect(replayed.complaints).toEqual([]);
    expect(replayed.all).toBe(57);
  });

  test("what is left needs TLS itself or another UID, and is little", () => {
    const why = left.map((what) => /TLS|real UID/.exec(what)?.[0]);
    expect(why.filter((reason) => reason === "real UID")).toHaveLength(1);
    expect(why.filter((reason) => reason === "TLS")).toHaveLength(left.length - 1);
    expect(left.filter((what) => !what.startsWith("mtls "))).toHaveLength(1);
  });
});

afterAll(() => {
  const sum = (of: "same" | "all") => found.reduce((total, each) => total + each[of], 0);
  const lines = found.map(({ file, same, all }) => `replayed ${file}: ${same} of ${all}`);
  console.log([...lines, `replayed in total: ${sum("same")} of ${sum("all")}`, "left:", ...left].join("\n"));
});
