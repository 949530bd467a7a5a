import type { Handler } from "../decisions/agent.ts";
import { tell } from "../decisions/happenings.ts";
import { nanoTime } from "../formats/clock.ts";
import { ordered } from "../formats/wire.ts";
import { admit, writeAdminEvent } from "./admission.ts";

const MOST_PENDING = 1000;

/** The version of the recorded gate. */
const VERSION = "0.2.0";

const getStatus: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/v1/admin/status", bucket: "read" });
  if (!who.ok) return who.answer;
  const pending = world.approvals.list().filter(({ state }) => state === "pending").length;
  return ordered<"getStatus">({
    status: world.draining ? "draining" : "ok",
    version: VERSION,
    uptime_seconds: Math.max(0, Math.floor((world.clock.now() - world.startedMs) / 1000)),
    actions_registered: world.actions.size,
    pending_approvals: Math.min(pending, MOST_PENDING),
    revocation_epoch: world.epoch,
    draining: world.draining,
    in_flight_executions: world.slots.busy(),
    dependencies: { redis: true, opa: true },
    webhooks: { active: world.webhooks.active, pending_deliveries: 0 },
  });
};

/** A read that leaves an event. */
const getEpoch: Handler = (world, call) => {
  const who = admit(world, call, { method: "GET", path: "/v1/admin/epoch", bucket: "read" });
  if (!who.ok) return who.answer;
  writeAdminEvent(world, who.operator, "admin_epoch_read", null);
  return ordered<"getEpoch">({ current_epoch: world.epoch });
};

/** Neither leases nor approvals are touched by it (operator.md 2.8). */
const revokeAll: Handler = (world, call) => {
  const path = "/v1/admin/revoke-all";
  const who = admit(world, call, { method: "POST", path, bucket: "write_but_dev" });
  if (!who.ok) return who.answer;
  const previous = world.epoch;
  world.epoch += 1;
  writeAdminEvent(world, who.operator, "admin_revoke_all", `epoch ${previous} => ${world.epoch}`);
  tell.revoked(world, who.operator, previous);
  return ordered<"revokeAll">({ previous_epoch: previous, current_epoch: world.epoch });
};

const drain: Handler = (world, call) => {
  const who = admit(world, call, { method: "POST", path: "/v1/admin/drain", bucket: "write_but_dev" });
  if (!who.ok) return who.answer;
  const already = world.draining;
  world.draining = true;
  const busy = world.slots.busy();
  const detail = `drain initiated, in_flight=${busy}, was_first=${!already}`;
  writeAdminEvent(world, who.operator, "admin_drain", detail);
  return ordered<"drain">({ draining: true, already_draining: already, in_flight_executions: busy });
};

/** There is nothing to read again here: actions and policy are what they are. */
const reload: Handler = (world, call) => {
  const who = admit(world, call, { method: "POST", path: "/v1/admin/reload", bucket: "write_but_dev" });
  if (!who.ok) return who.answer;
  const actions = world.actions.size;
  const version = world.policy.version();
  writeAdminEvent(world, who.operator, "admin_reload", `actions=${actions} policy=${version}`);
  const reloadedAt = nanoTime(world.clock.now(), "+00:00");
  return ordered<"reload">({ ok: true, actions, policy_version: version, reloaded_at: reloadedAt });
};

export const gateHandlers = { getStatus, getEpoch, revokeAll, drain, reload };
