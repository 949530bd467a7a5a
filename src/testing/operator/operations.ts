import {
  type OperationFacts,
  type OperatorOperationId,
  operatorOperations,
} from "../../generated/operations.ts";
import { type AgentOperationId, agentHandlers, agentOperations, type Handler } from "../decisions/agent.ts";
import { approvalHandlers } from "./approvals.ts";
import { gateHandlers } from "./gate.ts";
import { learnedHandlers } from "./learned.ts";
import { ledgerHandlers } from "./ledger.ts";
import { policyHandlers } from "./policy.ts";

const { getReceipt: _agents, ...sharedHandlers } = agentHandlers;
const { getReceipt: _agentsToo, ...sharedOperations } = agentOperations;

/** An operation of the operator socket: its own 27, an operator's receipt, and those of the client socket. */
export type AdminOperationId = OperatorOperationId | Exclude<AgentOperationId, "getReceipt">;

/** Where the operations of the operator socket are. */
export const adminOperations: { readonly [Id in AdminOperationId]: OperationFacts } = {
  ...sharedOperations,
  ...operatorOperations,
};

/** What answers them. */
export const adminHandlers = {
  ...sharedHandlers,
  ...({
    ...approvalHandlers,
    ...ledgerHandlers,
    ...gateHandlers,
    ...learnedHandlers,
    ...policyHandlers,
  } satisfies Record<OperatorOperationId, Handler>),
} satisfies Record<AdminOperationId, Handler>;

export type { OperatorOperationId };
