import type { Handler } from "../decisions/agent.ts";
import { queryOf } from "../decisions/extract.ts";
import { sorted } from "../formats/canonical.ts";
import { failure, json, ordered } from "../formats/wire.ts";
import { type AuditEvent, verifyChain } from "../stores/ledger.ts";
import { admit, writeAdminEvent } from "./admission.ts";

const FILTERS = ["trace_id", "event_type", "action_id", "principal", "session_id", "decision"] as const;
const MOST = 1000;

const listAuditEvents: Handler = (world, call) => {
  const query = queryOf(call, {
    trace_id: "string",
    event_type: "string",
    action_id: "string",
    principal: "string",
    session_id: "string",
    decision: "string",
    after: "string",
    before: "string",
    limit: "count",
  });
  if (!query.ok) return query.answer;
  const who = admit(world, call, { method: "GET", path: "/v1/audit/events", bucket: "read" });
  if (!who.ok) return who.answer;
  const { after, before, limit = 100, ...filters } = query.value;
  const fits = (event: AuditEvent) =>
    FILTERS.every((name) => filters[name] === undefined || event[name] === filters[name]) &&
    // Times are compared as texts: another form than the ledger's own compares wrongly, as in the gate.
    (after === undefined || event.timestamp > after) &&
    (before === undefined || event.timestamp < before);
  const events = world.ledger.events
    .filter(fits)
    .reverse()
    .sort((one, other) => (one.timestamp < other.timestamp ? 1 : one.timestamp > other.timestamp ? -1 : 0))
    .slice(0, Math.min(Math.max(limit, 1), MOST));
  return ordered<"listAuditEvents">({ events });
};

const verifyAudit: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/v1/audit/verify", bucket: "read" });
  return who.ok
    ? ordered<"verifyAudit">(verifyChain(world.ledger.events, world.ledger.written()))
    : who.answer;
};

/** The receipt of the client's route, with an operator's credentials; neither limited nor audited. */
const getReceiptAsOperator: Handler = (world, call) => {
  const receiptId = call.parameters["receipt_id"] ?? "";
  const who = admit(world, call, { method: "GET", path: `/v1/receipts/${receiptId}`, bucket: "none" });
  if (!who.ok) return who.answer;
  const receipt = world.receipts.read(receiptId);
  return receipt === undefined
    ? failure(404, "not_found")
    : json<"getReceiptAsOperator">(200, sorted(receipt));
};

const listReceiptKeys: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/v1/receipt-keys", bucket: "read" });
  if (!who.ok) return who.answer;
  writeAdminEvent(world, who.operator, "admin_receipt_keys_read", null);
  return ordered<"listReceiptKeys">(world.receipts.keys);
};

const getMetrics: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/metrics", bucket: "none" });
  if (!who.ok) return who.answer;
  const headers = { "content-type": "application/openmetrics-text; version=1.0.0; charset=utf-8" };
  return { status: 200, headers, body: world.metrics.text(world.clock.seconds()) };
};

export const ledgerHandlers = {
  listAuditEvents,
  verifyAudit,
  getReceiptAsOperator,
  listReceiptKeys,
  getMetrics,
};
