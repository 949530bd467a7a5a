import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

test("making keys ends, however often a garbage collection comes between", { timeout: 1170_000 }, () => {
  const program = join(import.meta.dirname, "new-keys.program.ts");
  // Small: so that every few keys are followed by a collection.
  const options = ["--max-semi-space-size=1", "--import", "tsx"];
  const { signal, status, stderr } = spawnSync(process.execPath, [...options, program, "6000"], {
    cwd: root,
    encoding: "utf8",
    timeout: 170_000,
    killSignal: "SIGKILL",
  });
  expect({ signal, status, stderr }).toEqual({ signal: null, status: 0, stderr: "" });
});

test("a key that Node has generated is nowhere used as it is", () => {
  const makers = ["src/proof/dpop.ts", "src/testing/formats/keys.ts", "test/support/keys.ts"];
  const users = ["src", "test", "examples", "scripts"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter(
      (file) =>
        file.endsWith(".ts") &&
        !file.includes("node_modules") &&
        /\bgenerateKeyPairSync\(/.test(readFileSync(join(root, file), "utf8")),
    );
  expect(users.filter((file) => !makers.includes(file))).toEqual([]);
});
