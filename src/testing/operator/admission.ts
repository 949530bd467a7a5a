import type { Operator } from "../decisions/plan.ts";
import type { Call, World } from "../decisions/world.ts";
import { type Answer, failure } from "../formats/wire.ts";
import { authenticateOperator } from "./auth.ts";

/** How one operation lets operators in. */
export interface Door {
  readonly method: "GET" | "POST" | "DELETE";
  /** The path that a proof has to name, with its parameters decoded. */
  readonly path: string;
  /** Which bucket it takes from. `write_but_dev`: not in dev mode (operator.md 6). */
  readonly bucket: "read" | "write" | "write_but_dev" | "none";
}

/** An operator who is let in, or the answer: every refusal but those of approve, deny and the detail looks like this. */
export type Admission =
  | { readonly ok: true; readonly operator: Operator }
  | { readonly ok: false; readonly answer: Answer };

/** Who comes in: authenticated first, then counted, so that a 429 has used its proof up. */
export function admit(world: World, call: Call, door: Door): Admission {
  const who = authenticateOperator(world, call, door.method, door.path);
  if (!who.ok) return { ok: false, answer: failure(401, "unauthorized") };
  if (!passes(world, door.bucket)) return { ok: false, answer: failure(429, "rate_limit_exceeded") };
  return who;
}

/** Whether there is a token left for it. */
export function passes(world: World, bucket: Door["bucket"]): boolean {
  const { devMode, rateLimits } = world.settings;
  if (bucket === "none" || (bucket === "write_but_dev" && devMode)) return true;
  return bucket === "read"
    ? world.buckets.take("operator read", rateLimits.operatorRead)
    : world.buckets.take("operator write", rateLimits.operatorWrite);
}

/** The event that an operator's act leaves. `deny_reason` carries what was done. */
export function writeAdminEvent(world: World, { id }: Operator, eventType: string, detail: string | null) {
  world.ledger.write({
    event_type: eventType,
    decision: "allow",
    principal: id,
    session_id: id,
    deny_reason: detail,
  });
}
