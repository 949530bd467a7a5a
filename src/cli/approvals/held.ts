import type { components } from "../../generated/operator.ts";
import { recordOf } from "../../operator/learning.ts";

type Schemas = components["schemas"];

/**
 * What a held call would touch, as far as the gate tells an operator: it never shows the parameters, only what it found in
 * them and no policy allows (a domain, a path), and what a database action would do.
 */
export interface Held {
  /** In a word or two, for a row of a table. */
  readonly short: string;
  /** In a sentence, where the few words are not all there is to say. */
  readonly long: string | undefined;
}

/** Undefined where only the ledger remembers the approval. */
export function heldIn(detail: Schemas["ApprovalDetail"]): Held | undefined {
  const record = recordOf(detail);
  if (record === undefined) return undefined;
  const found = [...(record.unresolved_domains ?? []), ...(record.unresolved_paths ?? [])];
  const database = record.database_review;
  if (database !== undefined)
    found.unshift(`${database.operation_class} on ${database.tables.join(", ") || "no table"}`);
  if (found.length > 0) return { short: found.join(", "), long: undefined };
  if (record.verifier_kind === "fs_hash" || record.provider_module_digest === "builtin:fs")
    return { short: "a path (not told)", long: `which path ${record.action_id} would touch ${UNTOLD}` };
  const domains = domainsOf(record.approved_egress);
  if (domains.length > 0) {
    const [first = "", ...others] = domains;
    return {
      short: others.length === 0 ? first : `one of ${domains.length} domains`,
      long: `where in ${domains.join(", ")} it would go ${UNTOLD}`,
    };
  }
  return { short: "(not told)", long: `what ${record.action_id} would touch ${UNTOLD}` };
}

const UNTOLD =
  "the gate does not tell an operator: ask whoever runs the agent, or read the request_summary of the gate's webhook approval.pending (latchgate-client webhooks listen --json)";

const domainsOf = (egress: Schemas["ApprovedEgress"] | undefined): readonly string[] =>
  egress === undefined || typeof egress === "string" ? [] : egress.proxy_allowlist.allowed_domains;
