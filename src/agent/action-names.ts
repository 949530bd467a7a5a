import { LatchGateNotFound } from "../vocabulary/errors.ts";
import { nearestTo } from "../vocabulary/nearest.ts";

/** The ids of the gate's actions, as far as this client has heard of them. */
export interface ActionNames {
  heard(actionIds: readonly string[]): void;
  /** The same error; that of an action that is not there says what was probably meant. */
  explained(error: unknown): unknown;
}

export function createActionNames(): ActionNames {
  let known: readonly string[] = [];
  return {
    heard(actionIds) {
      known = actionIds;
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
