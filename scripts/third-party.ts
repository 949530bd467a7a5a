import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The packages that files of a bundle come from, by the folder in `node_modules` that each lies in. */
export function packagesOf(moduleIds: Iterable<string>): string[] {
  const folders = [...moduleIds].flatMap((id) => {
    const [, folder] = /^.*?(\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id) ?? [];
    return folder === undefined ? [] : [folder];
  });
  return [...new Set(folders)].sort();
}

/** What the licences of bundled packages want said wherever their code goes: name, version, and the licence's whole text. */
export function licencesOf(folders: readonly string[]): string {
  const parts = folders.map((folder) => {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as Record<string, string>;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? withoutFile(license, author) : readFileSync(join(folder, file), "utf8");
    if (text === undefined) throw new Error(`${name} has a licence ${license}, and no text of it`);
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  return ["Code of these packages is part of the command `latchgate-client`.\n", ...parts].join(
    `\n${"-".repeat(80)}\n\n`,
  );
}

/** A package that says MIT, and has left out the text. */
function withoutFile(license: string | undefined, author: string | undefined): string | undefined {
  if (license !== "MIT" || author === undefined) return undefined;
  return `Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}
