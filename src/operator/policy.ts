import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { components, operations } from "../generated/operator.ts";
import { checkedActionIds, checkedListed, checkedPrincipal } from "./values.ts";

type Schemas = components["schemas"];

/** Who may execute what. The gate writes its file without a lock: make one change after another. */
export interface Policy {
  /** What everybody is granted. */
  show(options?: CallOptions): Promise<Schemas["Policy"]>;
  /** What one principal is granted. @throws LatchGateNotFound for one without an entry */
  show(principal: string, options?: CallOptions): Promise<Schemas["PrincipalPolicy"]>;
  /** Lets a principal (`*`: everybody) execute these actions. It recomputes, and overwrites, the principal's allowed sinks. */
  grant(
    principal: string,
    actionIds: readonly string[],
    options?: CallOptions,
  ): Promise<Schemas["GrantResult"]>;
  revoke(
    principal: string,
    actionIds: readonly string[],
    options?: CallOptions,
  ): Promise<Schemas["RevokeResult"]>;
  /** Lifts the hold of an action for one principal: its calls are executed without an approval from now on. */
  allow(actionId: string, principal: string, options?: CallOptions): Promise<Schemas["AllowlistResult"]>;
  /** Ends what `allow` began. @throws LatchGateNotFound where there is no such entry */
  disallow(actionId: string, principal: string, options?: CallOptions): Promise<Schemas["AllowlistResult"]>;
}

const SUBJECT = "<policy>";

export function createPolicy(call: Call<operations>): Policy {
  const grantOf = (principal: string, actionIds: readonly string[]) => ({
    subject: SUBJECT,
    body: { principal: checkedPrincipal(principal), actions: checkedActionIds(actionIds) },
  });
  const entry = (actionId: string, principal: string) => ({
    subject: SUBJECT,
    body: {
      action_id: checkedListed(actionId, "an action"),
      agent_id: checkedListed(principal, "a principal"),
    },
  });
  function show(options?: CallOptions): Promise<Schemas["Policy"]>;
  function show(principal: string, options?: CallOptions): Promise<Schemas["PrincipalPolicy"]>;
  async function show(
    first?: string | CallOptions,
    options?: CallOptions,
  ): Promise<Schemas["Policy"] | Schemas["PrincipalPolicy"]> {
    if (typeof first !== "string") return (await call("getPolicy", { subject: SUBJECT }, first)).body;
    const principal = checkedPrincipal(first);
    return (await call("getPrincipalPolicy", { subject: SUBJECT, path: { principal } }, options)).body;
  }
  return {
    show,
    grant: async (principal, actionIds, options) =>
      (await call("grantActions", grantOf(principal, actionIds), options)).body,
    revoke: async (principal, actionIds, options) =>
      (await call("revokeActions", grantOf(principal, actionIds), options)).body,
    allow: async (actionId, principal, options) =>
      (await call("allowAction", entry(actionId, principal), options)).body,
    disallow: async (actionId, principal, options) =>
      (await call("disallowAction", entry(actionId, principal), options)).body,
  };
}
