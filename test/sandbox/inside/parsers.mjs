// What has been loaded to read HTTP with. Imported first, it looks when the program is done.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { cache } = createRequire(import.meta.url);

process.once("exit", (code) => {
  if (code !== 0) return;
  const undici = Object.keys(cache).filter((file) => file.includes("/node_modules/undici/"));
  assert.deepEqual(undici, [], "the package undici was loaded");
  const builtIn = process.moduleLoadList.filter((name) => name.includes("deps/undici"));
  // What has fetch's objects asked for says so.
  if (!process.argv.includes("--fetch-objects"))
    assert.deepEqual(builtIn, [], "Node's own undici was loaded");
});
