import type { agentOperations, operatorOperations, SignedBy } from "../generated/operations.ts";
import type { LatchGateOperator } from "../operator/operator.ts";
import type { LatchGateClient } from "./client.ts";

/** A method of an operator's client, or of one of its groups: `approvals.get`. */
type OperatorMethod = {
  [Name in keyof LatchGateOperator & string]: LatchGateOperator[Name] extends (...args: never) => unknown
    ? Name
    : `${Name}.${keyof LatchGateOperator[Name] & string}`;
}[keyof LatchGateOperator & string];

/** A table with these members and no others. */
type Exactly<
  Table extends Record<Id, Method> & { [Name in Exclude<keyof Table, Id>]: never },
  Id extends string,
  Method,
> = Table;

/**
 * The method for each operation of the client socket, by who signs. A new operation, or one that is signed by another, stops
 * the build here until somebody has decided which method makes it.
 */
export type AgentMethods = Exactly<
  {
    getHealth: "health";
    getReadiness: "ready";
    createLease: "connect";
    getLeaseKeys: "leaseKeys";
    listActions: "actions";
    getAction: "action";
    getActionRequestSchema: "actionSchema";
  },
  SignedBy<typeof agentOperations, "none">,
  keyof LatchGateClient
> &
  Exactly<
    { executeAction: "execute"; pollApproval: "getApprovalStatus"; getReceipt: "getReceipt" },
    SignedBy<typeof agentOperations, "lease">,
    keyof LatchGateClient
  >;

/** The method for each operation of the operator socket that is an operator's own. */
export type OperatorMethods = Exactly<
  {
    listApprovals: "approvals.list";
    getApproval: "approvals.get";
    approveApproval: "approvals.approve";
    denyApproval: "approvals.deny";
    getReceiptAsOperator: "receipt";
    listReceiptKeys: "receiptKeys";
    listAuditEvents: "audit.events";
    verifyAudit: "audit.verify";
    getMetrics: "metrics";
    getStatus: "status";
    getEpoch: "epoch";
    revokeAll: "revokeAll";
    drain: "drain";
    reload: "reload";
    listDomains: "domains.list";
    addDomain: "domains.add";
    removeDomain: "domains.remove";
    clearDomains: "domains.clear";
    listPaths: "paths.list";
    addPath: "paths.add";
    removePath: "paths.remove";
    clearPaths: "paths.clear";
    getPolicy: "policy.show";
    getPrincipalPolicy: "policy.show";
    grantActions: "policy.grant";
    revokeActions: "policy.revoke";
    allowAction: "policy.allow";
    disallowAction: "policy.disallow";
  },
  SignedBy<typeof operatorOperations, "operator">,
  OperatorMethod
>;
