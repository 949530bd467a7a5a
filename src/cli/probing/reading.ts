import { isObject, type Json } from "../../documents/document.ts";
import { DPoPKeyPair } from "../../proof/dpop.ts";
import { type Asker, JSON_TYPE, NOBODY } from "./probe.ts";

/** What a gate says on either socket to somebody without credentials: nothing of it changes anything. */
export async function readPublic({ ask }: Asker, socket: "agent" | "operator"): Promise<readonly string[]> {
  const get = (id: string, note: string, path: string, ...due: string[]) =>
    ask({ id: `${socket}.${id}`, note, method: "GET", path, due });
  await get("health", "liveness", "/healthz", "200");
  await get("readiness", "readiness", "/readyz", "200", "503");
  await get("lease-keys", "the key that signs leases", "/.well-known/jwks.json", "200");
  const actions = idsOf((await get("actions", "all actions", "/v1/actions", "200"))?.json);
  await get("action-unknown", "an action that is not there", `/v1/actions/${NOBODY}`, "404");
  await get("action-bad-utf8", "a path that is not UTF-8", "/v1/actions/%ff%fe", "400");
  await get(
    "schema-unknown",
    "the schema of one that is not there",
    `/v1/actions/${NOBODY}/schema/request`,
    "404",
  );
  await ask({
    ...{ id: `${socket}.route-unknown`, note: "a path that is none", method: "GET", path: "/v1/nothing" },
    ...{ due: ["404"], unrouted: "unknown_path" },
  });
  await ask({
    ...{ id: `${socket}.route-method`, note: "another method", method: "DELETE", path: "/v1/actions" },
    ...{ due: ["405"], unrouted: "wrong_method" },
  });
  return actions;
}

/** Each action in detail, with the schema of its parameters. */
export async function readActions({ ask }: Asker, actions: readonly string[]): Promise<void> {
  for (const action of actions) {
    const path = `/v1/actions/${action}`;
    const detail = await ask({
      ...{ id: `agent.action.${action}`, note: "detail", method: "GET", path, due: ["200"] },
    });
    const io = isObject(detail?.json) ? detail.json["io"] : undefined;
    const has = isObject(io) ? io["has_request_schema"] === true : undefined;
    await ask({
      ...{
        id: `agent.schema.${action}`,
        note: has === false ? "no request schema" : "request schema",
        method: "GET",
      },
      ...{ path: `${path}/schema/request`, due: has === undefined ? ["200", "404"] : [has ? "200" : "404"] },
    });
  }
}

/** What an agent is refused before anything happens: no lease is given, no action looked at. */
export async function readRefusals({ ask }: Asker, actions: readonly string[]): Promise<void> {
  const { jwk } = await DPoPKeyPair.generate();
  const lease = (id: string, note: string, body: string, due: string[], headers: object = JSON_TYPE) =>
    ask({
      ...{ id: `lease.${id}`, note, method: "POST", path: "/v1/leases", headers: { ...headers }, body, due },
    });
  await lease("no-content-type", "no content type", "{}", ["415"], {});
  await lease("empty-body", "an empty body", "", ["400"]);
  await lease("wrong-shape", "a member of a wrong type", '{"scopes":5}', ["422"]);
  await lease(
    "unknown-member",
    "a member that is none",
    JSON.stringify({ scopes: [], dpop_jwk: jwk, agent_id: "x" }),
    ["422"],
  );
  // A gate that knows callers by peer credentials asks for them first.
  const unknown = ["401 identity_unauthenticated", "403 identity_forbidden"];
  await lease("no-scope", "no scope at all", JSON.stringify({ scopes: [], dpop_jwk: jwk }), [
    "400 invalid_request",
    ...unknown,
  ]);

  const execute = `/v1/actions/${actions[0] ?? NOBODY}/execute`;
  const post = (id: string, note: string, path: string, headers: Record<string, string>, ...due: string[]) =>
    ask({ id: `execute.${id}`, note, method: "POST", path, headers, body: "{}", due });
  await post("no-credentials", "no credentials", execute, {}, "401 missing_auth_header");
  await post(
    "no-lease",
    "a token that is no lease",
    execute,
    { authorization: "DPoP nonsense", dpop: "nonsense" },
    "401 invalid_lease",
  );
  await post(
    "bearer",
    "another scheme",
    execute,
    { authorization: "Bearer nonsense", dpop: "nonsense" },
    "401 invalid_lease",
  );
  await post("bad-utf8", "a path that is not UTF-8", "/v1/actions/%ff%fe/execute", {}, "400");
  const get = (id: string, path: string, due: string) =>
    ask({ id, note: "no credentials", method: "GET", path, due: [due] });
  await get("poll.no-credentials", `/v1/approvals/${NOBODY}/poll`, "401");
  await get("receipt.no-credentials", `/v1/receipts/${NOBODY}`, "401 missing_auth_header");
}

function idsOf(json: Json | undefined): readonly string[] {
  const actions = isObject(json) && Array.isArray(json["actions"]) ? json["actions"] : [];
  return actions.flatMap((action) =>
    isObject(action) && typeof action["action_id"] === "string" ? [action["action_id"]] : [],
  );
}
