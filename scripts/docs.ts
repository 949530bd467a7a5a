/**
 * Builds `site/agent.html`, `site/operator.html` and `site/webhooks.html` from the documents: pages that open without a network.
 * Redocly's own page loads its script from a CDN; here the copy that came with the command is put into the page.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { withOutcomeTables } from "./outcome-tables.ts";

const root = resolve(import.meta.dirname, "..");
const redocly = dirname(createRequire(import.meta.url).resolve("@redocly/cli/package.json"));

/** The script of the page, without what would end or confuse an inline script, and without its last word, `export`. */
const script = readFileSync(join(redocly, "lib/chunks/redoc.standalone.js"), "utf8")
  .replace(/export\s*\{[^{}]*\};?\s*$/, "")
  .replaceAll("<!--", "\\x3C!--")
  .replaceAll(/<(\/?script)/gi, "\\x3C$1")
  // The footer's logo, where a page has it, and its icons: never asked for.
  .replaceAll(/https:\/\/cdn\.redoc(?:ly\.com|\.ly)\/[^`"']*/g, "data:,");

/** Where the whole site has been built, the way back to its first page. */
const wayBack = existsSync(join(root, "site/index.html"))
  ? '<p style="margin:0;padding:8px 16px;font:14px sans-serif"><a href="index.html">latchgate-client</a></p>'
  : "";

mkdirSync(join(root, "site"), { recursive: true });
for (const name of ["agent", "operator", "webhooks"]) {
  const file = join(root, "site", `${name}.html`);
  const described = join(root, "site", `${name}.json`);
  writeFileSync(described, withOutcomeTables(join(root, "openapi", `${name}.yaml`)));
  const build = ["build-docs", described, "-o", file];
  execFileSync(process.execPath, [join(redocly, "bin/cli.js"), ...build], {
    // What it says at its start is no error; a failure's message has it.
    stdio: "pipe",
    // Also what makes the page itself report nothing.
    env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
  });
  rmSync(described);
  const page = replaced(readFileSync(file, "utf8"), [
    [/<link rel="modulepreload"[^>]*>/, ""],
    [/import \{ hydrate \} from "https:[^"]*";/, script],
    ...(wayBack === "" ? [] : [["<body>", `<body>${wayBack}`] as const]),
  ]);
  if (!page.includes('"disableTelemetry":true')) throw new Error("the page would report that it was opened");
  writeFileSync(file, page);
  console.log(`site/${name}.html (${Math.round(page.length / 1024)} KiB)`);
}

/** Each part, which has to be there, replaced. */
function replaced(page: string, parts: readonly (readonly [RegExp | string, string])[]): string {
  return parts.reduce((text, [part, by]) => {
    const next = text.replace(part, () => by);
    if (next === text)
      throw new Error(`Redocly's page has no ${String(part)} any more: scripts/docs.ts has to be changed`);
    return next;
  }, page);
}
