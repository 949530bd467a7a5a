import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { isObject, OpenApiDocument } from "../documents/document.ts";
import type { Documents } from "./compare.ts";

/** The documents at a path: a file, or a folder with `agent.yaml`, `operator.yaml` and `webhooks.yaml` (or a folder with that in `openapi/`). */
export function loadDocuments(path: string): Documents {
  if (!existsSync(path)) throw new Error(`there is no ${path}`);
  if (!statSync(path).isDirectory()) return new Map([["api", new OpenApiDocument(path)]]);
  const found = new Map<string, OpenApiDocument>();
  for (const name of ["agent", "operator", "webhooks"])
    for (const file of [`${name}.yaml`, `${name}.json`, `openapi/${name}.yaml`]) {
      const full = join(path, file);
      if (!found.has(name) && existsSync(full)) found.set(name, new OpenApiDocument(full));
    }
  if (found.size === 0)
    throw new Error(`there is none of agent.yaml, operator.yaml and webhooks.yaml in ${path}`);
  return found;
}

/** The version that a document gives itself. */
export function versionOf(document: OpenApiDocument | undefined): string | undefined {
  const info = document?.root["info"];
  const version = isObject(info) ? info["version"] : undefined;
  return typeof version === "string" ? version : undefined;
}
