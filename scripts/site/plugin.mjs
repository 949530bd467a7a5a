/** What the site needs beyond typedoc: pages called by their headings, diagrams that are drawn without a network, links to the documents' pages. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Converter, PageEvent, ReflectionKind, RendererEvent } from "typedoc";

/** Stands for the site's root in what is written for it; typedoc knows no page that it has not made. */
const ROOT = "https://site.invalid/";

/** What programs import, in place of its file's name. A module is told of more than once. */
function entry(/** @type {string} */ name) {
  if (name.startsWith("latchgate-client")) return name;
  return name === "index" ? "latchgate-client" : `latchgate-client/${name}`;
}

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const [, title] = /^# (.*)\n/.exec(page.content[0]?.text ?? "") ?? [];
    if (title === undefined) throw new Error(`${page.name} does not begin with a heading that is plain text`);
    page.name = title;
  });
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_context, reflection) => {
    if (reflection.kindOf(ReflectionKind.Module)) reflection.name = entry(reflection.name);
  });
  app.renderer.on(PageEvent.END, (page) => {
    const up = "../".repeat(page.url.split("/").length - 1);
    page.contents = page.contents?.replaceAll(ROOT, up);
  });
  app.renderer.on(RendererEvent.END, ({ outputDirectory }) => {
    const mermaid = import.meta.resolve("@mermaid-js/tiny/dist/mermaid.tiny.js");
    copyFileSync(fileURLToPath(mermaid), join(outputDirectory, "assets", "mermaid.js"));
  });
}
