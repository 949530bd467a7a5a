/** One file with everything in it, as ESM and as CommonJS, run where no package can be found. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "bundled-"));
const common = {
  entryPoints: ["main.ts"],
  bundle: true,
  platform: "node",
  target: "node20.19",
  logLevel: "error",
};
try {
  await build({
    ...common,
    format: "esm",
    outfile: join(folder, "bundle.mjs"),
    // undici is CommonJS, and requires Node's own modules.
    banner: {
      js: 'import { createRequire as from } from "node:module"; const require = from(import.meta.url);',
    },
  });
  await build({ ...common, format: "cjs", outfile: join(folder, "bundle.cjs") });
  for (const bundle of ["bundle.mjs", "bundle.cjs"])
    execFileSync(process.execPath, [bundle], { cwd: folder, stdio: "inherit" });
} finally {
  rmSync(folder, { recursive: true });
}
