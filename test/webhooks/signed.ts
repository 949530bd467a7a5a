import { createHmac } from "node:crypto";

/** Made up, and long enough to be found in whatever is printed. */
export const SECRET = "whsec_5f1d0e8b7c6a4f3e9d2c1b0a8f7e6d5c4b3a2918";

/** When the tests' webhooks are signed, in milliseconds. */
export const NOW = Date.parse("2026-11-28T09:00:57Z");

/** The headers of a delivery, signed as contract/webhooks.md 4 says, with no code of the client. */
export function signed(
  body: string | Uint8Array,
  { secret = SECRET, at = NOW }: { secret?: string; at?: number } = {},
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signature = createHmac("sha256", Buffer.from(secret, "utf8"))
    .update(Buffer.concat([Buffer.from(`${timestamp}.`), Buffer.from(body)]))
    .digest("hex");
  return {
    "content-type": "application/json",
    "x-latchgate-signature": `sha256=${signature}`,
    "x-latchgate-timestamp": timestamp,
    "user-agent": "LatchGate-Webhooks/0.1",
  };
}

let made = 0;
const uuid = () => `01a22162-dd8c-7113-961d-${String(++made).padStart(12, "0")}`;

/** An event as a gate writes it: members sorted, no blank. */
export function eventText(type: string, data: object, id = `evt_${uuid()}`): string {
  const sorted = Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify({ data: sorted, gate_version: "0.2.0", id, timestamp: "2026-11-28T09:00:57Z", type });
}

export const revocation = () =>
  eventText("revocation", { old_epoch: 0, new_epoch: 1, operator_id: "default" });

export function pending(approval: object = {}, id?: string): string {
  const data = {
    approval_id: uuid(),
    action_id: "fs_write",
    principal: "agent:t",
    owner: null,
    risk_level: "high",
    request_hash: `sha256:${"0".repeat(64)}`,
    expires_at: "2026-11-28T09:05:57.099072109+00:00",
    request_summary: { path: "docs/leave.md" },
    trace_id: uuid(),
    ...approval,
  };
  return eventText("approval.pending", data, id);
}
