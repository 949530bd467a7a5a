import type { Call } from "../call/call.ts";
import type { CallOptions } from "../call/call-state.ts";
import type { components, operations } from "../generated/operator.ts";
import { checkedActionId, checkedDomain, checkedGlob } from "./values.ts";

type Schemas = components["schemas"];

/** The domains that actions may reach beside those of their manifests. */
export interface LearnedDomains {
  /** Those of one action, or of all. */
  list(actionId?: string, options?: CallOptions): Promise<readonly Schemas["LearnedDomain"][]>;
  /**
   * Lets an action reach a domain and its subdomains. The gate does not check that there is such an action. The egress proxy
   * hears of it with the next approve or restart (contract operator.md 2.16).
   * @throws LatchGateInvalidRequest before anything is sent, for what the gate refuses: `*.com`, `localhost`, …
   */
  add(actionId: string, domain: string, options?: CallOptions): Promise<Schemas["DomainAdded"]>;
  /** `deleted` is false where there was no such entry. Both sides are lower case: the gate compares the text. */
  remove(actionId: string, domain: string, options?: CallOptions): Promise<Schemas["DomainRemoved"]>;
  /** Takes back all of one action. */
  clear(actionId: string, options?: CallOptions): Promise<Schemas["LearnedCleared"]>;
}

/** The path globs that actions may touch, relative to the root of a session. */
export interface LearnedPaths {
  list(actionId?: string, options?: CallOptions): Promise<readonly Schemas["LearnedPath"][]>;
  /**
   * Lets an action touch a glob once its call is approved. **It overrides the manifest, denied paths included**, for every
   * approved call from now on; it does not lift the hold. At most 50 for an action: the gate answers the next with 500.
   * @throws LatchGateInvalidRequest before anything is sent, for what the gate refuses: absolute globs, `..`, `**`, …
   */
  add(actionId: string, glob: string, options?: CallOptions): Promise<Schemas["PathAdded"]>;
  remove(actionId: string, glob: string, options?: CallOptions): Promise<Schemas["PathRemoved"]>;
  clear(actionId: string, options?: CallOptions): Promise<Schemas["LearnedCleared"]>;
}

const SUBJECT = "<learned>";

const filter = (actionId: string | undefined) => ({
  subject: SUBJECT,
  query: { action: actionId === undefined ? undefined : checkedActionId(actionId) },
});

const ofAction = (actionId: string) => ({ subject: SUBJECT, query: { action: checkedActionId(actionId) } });

export function createLearnedDomains(call: Call<operations>): LearnedDomains {
  const entry = (actionId: string, domain: string) => ({
    subject: SUBJECT,
    body: { action_id: checkedActionId(actionId), domain: checkedDomain(domain) },
  });
  return {
    list: async (actionId, options) => (await call("listDomains", filter(actionId), options)).body.domains,
    add: async (actionId, domain, options) =>
      (await call("addDomain", entry(actionId, domain), options)).body,
    remove: async (actionId, domain, options) =>
      (await call("removeDomain", entry(actionId, domain), options)).body,
    clear: async (actionId, options) => (await call("clearDomains", ofAction(actionId), options)).body,
  };
}

export function createLearnedPaths(call: Call<operations>): LearnedPaths {
  const entry = (actionId: string, glob: string) => ({
    subject: SUBJECT,
    body: { action_id: checkedActionId(actionId), path_glob: checkedGlob(glob) },
  });
  return {
    list: async (actionId, options) => (await call("listPaths", filter(actionId), options)).body.paths,
    add: async (actionId, glob, options) => (await call("addPath", entry(actionId, glob), options)).body,
    remove: async (actionId, glob, options) =>
      (await call("removePath", entry(actionId, glob), options)).body,
    clear: async (actionId, options) => (await call("clearPaths", ofAction(actionId), options)).body,
  };
}
