import type { components } from "../generated/operator.ts";
import { checkedDomain, checkedGlobToLearn } from "./values.ts";

type Schemas = components["schemas"];

/** What an approve of a held call teaches the gate, for good. */
export interface Learning {
  readonly actionId: string;
  /** The domain that this action may reach from now on, with its subdomains. */
  readonly domain: string | undefined;
  /** The path glob that this action's approved calls may touch from now on, whatever its manifest denies. */
  readonly path: string | undefined;
  /** Each of the two in a sentence; empty where nothing is learned. */
  readonly words: readonly string[];
}

/** What to learn in place of what held the call. */
export interface LearnOptions {
  /** The domain to learn in place of the first unresolved one, which then stays closed. */
  readonly learnDomain?: string | undefined;
  /**
   * The glob to learn in place of the first unresolved path. An approved file action needs a learned path: what its
   * manifest allows does not count any more.
   */
  readonly learnPath?: string | undefined;
}

/**
 * What an approve of this would teach the gate. There is no approve without learning: the gate takes the first unresolved
 * domain and path where none is given, before the action runs, and keeps them if it fails.
 */
export function willLearn(detail: Schemas["ApprovalDetail"], options: LearnOptions = {}): Learning {
  const record = recordOf(detail);
  const actionId = record?.action_id ?? "";
  const domain =
    options.learnDomain === undefined ? record?.unresolved_domains?.[0] : checkedDomain(options.learnDomain);
  const path =
    options.learnPath === undefined ? record?.unresolved_paths?.[0] : checkedGlobToLearn(options.learnPath);
  const words = [
    ...(domain === undefined
      ? []
      : [`${actionId} may reach ${domain} and its subdomains in every later call`]),
    ...(path === undefined
      ? []
      : [
          `${actionId}, when approved, may touch ${path} in every later call, also where its manifest denies that path`,
        ]),
  ];
  return { actionId, domain, path, words };
}

/** The record of an approval; undefined where only the ledger remembers how it ended. */
export function recordOf(detail: Schemas["ApprovalDetail"]): Schemas["ApprovalRecord"] | undefined {
  return "source" in detail ? undefined : (detail as Schemas["ApprovalRecord"]);
}
