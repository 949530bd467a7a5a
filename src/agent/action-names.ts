import { LatchGateNotFound } from "../vocabulary/errors.ts";
import { nearestTo } from "../vocabulary/nearest.ts";

/** The ids of the gate's actions, as far as this client has heard of them. */
export interface ActionNames {
  /** @param actions what the gate lists; what is no list of actions has no names */
  heard(actions: unknown): void;
  /** The same error; that of an action that is not there says what was probably meant. */
  explained(error: unknown): unknown;
}

export function createActionNames(): ActionNames {
  let known: readonly string[] = [];
  return {
    heard(actions) {
      const listed: readonly unknown[] = Array.isArray(actions) ? actions : [];
      known = listed.flatMap((action) => {
        const id = (action as { action_id?: unknown } | null)?.action_id;
        return typeof id === "string" ? [id] : [];
      });
    },
    explained(error) {
      if (!(error instanceof LatchGateNotFound) || error.code !== "action_not_found") return error;
      const { actionId, reason, cause } = error;
      const nearest = nearestTo(actionId, known);
      const meant = nearest === undefined ? "" : `did you mean ${JSON.stringify(nearest)}? `;
      const hint = `${meant}actions() lists the actions that the gate has`;
      return new LatchGateNotFound(actionId, reason, { ...error, hint, cause });
    },
  };
}
