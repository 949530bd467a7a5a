import { join } from "node:path";
import { isObject, type Json, type JsonObject, OpenApiDocument } from "../../src/documents/document.ts";
import { createComplaints } from "./judge.ts";

/** Judges what a gate sends by itself by `openapi/webhooks.yaml`. */
export function createWebhooksJudge() {
  const document = new OpenApiDocument(join(import.meta.dirname, "../../openapi/webhooks.yaml"));
  const complaints = createComplaints(document);
  const member = (of: JsonObject, name: string) => document.object(of[name], name);

  function operation(format: string): JsonObject {
    return member(member(member(document.root, "webhooks"), format), "post");
  }

  /** What is wrong with a body of this format. */
  function body(format: string, json: Json): string[] {
    const media = member(member(member(operation(format), "requestBody"), "content"), "application/json");
    return complaints(json, media["schema"], document);
  }

  /** What is wrong with the headers; of one that is there several times the first is the gate's own. */
  function headers(format: string, sent: readonly (readonly [string, string])[]): string[] {
    const list = operation(format)["parameters"];
    return (Array.isArray(list) ? list : []).flatMap((reference) => {
      const { name, required, schema } = document.object(reference, "a parameter");
      const value = sent.find(([other]) => other === String(name).toLowerCase())?.[1];
      if (value === undefined) return required === true ? [`${String(name)} is missing`] : [];
      return complaints(value, schema, document).map((text) => `${String(name)}: ${text}`);
    });
  }

  /** Whether an answer of this status is described. */
  function answer(format: string, status: number): boolean {
    return isObject(member(operation(format), "responses")[`${Math.floor(status / 100)}XX`]);
  }

  return { document, body, headers, answer };
}
