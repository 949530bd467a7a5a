import { isObject, type Json } from "../../documents/document.ts";
import { DPoPKeyPair } from "../../proof/dpop.ts";
import { type Asker, JSON_TYPE, NOBODY } from "./probe.ts";
import { type Flaw, type Signer, signedHeaders } from "./signing.ts";

const READS = {
  status: "/v1/admin/status",
  epoch: "/v1/admin/epoch",
  "receipt-keys": "/v1/receipt-keys",
  policy: "/v1/admin/policy",
  domains: "/v1/admin/domains",
  paths: "/v1/admin/paths",
  "audit-verify": "/v1/audit/verify",
  metrics: "/metrics",
} as const;

/** What an operator's socket refuses to somebody without credentials. */
export async function readOperatorRefusals({ ask }: Asker): Promise<void> {
  const paths = {
    ...READS,
    approvals: "/v1/approvals",
    audit: "/v1/audit/events",
    receipt: `/v1/receipts/${NOBODY}`,
  };
  for (const [name, path] of Object.entries(paths))
    await ask({
      ...{ id: `operator.${name}.no-credentials`, note: "no credentials", method: "GET", path },
      due: ["401 unauthorized"],
    });
  await ask({
    ...{ id: "operator.approval.no-credentials", note: "no credentials: an empty body", method: "GET" },
    ...{ path: `/v1/approvals/${NOBODY}`, due: ["401"] },
  });
  const decide = (id: string, note: string, action: string, headers: Record<string, string>, due: string) =>
    ask({ id, note, method: "POST", path: `/v1/approvals/${NOBODY}/${action}`, headers, due: [due] });
  await decide("approve.no-credentials", "no credentials", "approve", {}, "401 missing_auth_header");
  await decide("deny.no-credentials", "no credentials", "deny", {}, "401 missing_auth_header");
  await decide(
    "deny.bearer",
    "another scheme",
    "deny",
    { authorization: "Bearer x" },
    "401 invalid_auth_scheme",
  );
  await decide("deny.no-proof", "no proof", "deny", { authorization: "DPoP x" }, "401 missing_dpop_header");
  // Shapes are looked at before credentials.
  const json = JSON_TYPE;
  for (const noun of ["domains", "paths", "policy/grant", "policy/revoke", "policy/allowlist"]) {
    const shape = (id: string, method: "POST" | "DELETE", body: string, headers: object, due: string) =>
      ask({
        ...{ id: `${noun.replace("/", "-")}.${id}`, note: "refused by its shape", method, body, due: [due] },
        ...{ path: `/v1/admin/${noun}`, headers: { ...headers } },
      });
    await shape("wrong-shape", "POST", '{"nothing":1}', json, "422");
    await shape("no-content-type", "POST", "{}", {}, "415");
    await shape("broken-body", "POST", "{", json, "400");
    if (!/grant|revoke/.test(noun)) await shape("remove-wrong-shape", "DELETE", '{"nothing":1}', json, "422");
  }
  for (const noun of ["domains", "paths"])
    await ask({
      ...{ id: `${noun}.clear-no-action`, note: "without an action", method: "DELETE", due: ["400"] },
      path: `/v1/admin/${noun}/clear`,
    });
}

/** Everything that an operator can read. At a gate some of these reads leave an audit event, and nothing else. */
export async function readAsOperator({ ask, publicBaseUrl }: Asker, operator: Signer): Promise<void> {
  const get = (id: string, note: string, path: string, due: string[], flaw?: Flaw) =>
    ask({
      ...{ id: `operator.${id}`, note, method: "GET", path, due },
      headers: signedHeaders(operator, publicBaseUrl, "GET", path, flaw),
    });
  for (const [name, path] of Object.entries(READS)) await get(name, "as it is", path, ["200"]);

  const approvals = await get("approvals", "all approvals", "/v1/approvals", ["200"]);
  await get("approvals-pending", "those that wait", "/v1/approvals?status=pending&limit=2", ["200"]);
  await get("approvals-bad-status", "a state that is none", "/v1/approvals?status=nonsense", ["400"]);
  await get("approvals-bad-limit", "a limit that is no number", "/v1/approvals?limit=abc", ["400"]);
  for (const id of new Set(oneOfEach(approvals?.json, "approvals", "status", "approval_id")))
    await get(`approval.${id}`, "one in detail", `/v1/approvals/${id}`, ["200"]);
  await get("approval-unknown", "one that is not there", `/v1/approvals/${NOBODY}`, ["404"]);

  const events = await get("audit", "the latest events", "/v1/audit/events?limit=200", ["200"]);
  await get("audit-bad-limit", "a limit that is no number", "/v1/audit/events?limit=x", ["400"]);
  const [receipt] = oneOfEach(events?.json, "events", "event_type", "receipt_id");
  if (receipt !== undefined)
    await get("receipt", "the receipt of an event", `/v1/receipts/${receipt}`, ["200"]);
  await get("receipt-unknown", "one that is not there", `/v1/receipts/${NOBODY}`, ["404 not_found"]);

  const [principal] = oneOfEach(events?.json, "events", "event_type", "principal");
  if (principal !== undefined)
    await get("policy-principal", "of one agent", `/v1/admin/policy/${encodeURIComponent(principal)}`, [
      "200",
      "404",
    ]);
  for (const noun of ["domains", "paths"]) {
    await get(`${noun}-of-action`, "of one action", `/v1/admin/${noun}?action=http_fetch`, ["200"]);
    await get(`${noun}-bad-action`, "an empty filter", `/v1/admin/${noun}?action=`, [
      "400 invalid_action_id",
    ]);
  }
  const other = await DPoPKeyPair.generate();
  await get("wrong-binding", "a proof by another key", READS.status, ["401 unauthorized"], { key: other });
  await get("wrong-path", "a proof for another path", READS.status, ["401 unauthorized"], { path: "/x" });
}

/** The `take` of the first entry for each different `by`: all shapes, in few requests. */
function oneOfEach(json: Json | undefined, list: string, by: string, take: string): string[] {
  const entries = isObject(json) && Array.isArray(json[list]) ? json[list].filter(isObject) : [];
  const found = new Map<string, string>();
  for (const entry of entries) {
    const taken = entry[take];
    if (typeof taken === "string" && !found.has(String(entry[by]))) found.set(String(entry[by]), taken);
  }
  return [...found.values()];
}
