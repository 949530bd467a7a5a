import type { Handler } from "../decisions/agent.ts";
import { jsonBody, queryOf } from "../decisions/extract.ts";
import { actionIdProblem, checkDomain, sentPathGlobProblem } from "../decisions/learning-rules.ts";
import type { RequestMembers } from "../formats/bodies.ts";
import { required, struct, text } from "../formats/decode.ts";
import { type Answer, failure, ordered } from "../formats/wire.ts";
import type { LearnedEntry } from "../stores/learned.ts";
import { admit, writeAdminEvent } from "./admission.ts";

/** Domains and paths are learned alike. */
interface Kind {
  readonly path: string;
  readonly event: "domain" | "path";
  readonly key: "domain" | "path_glob";
  readonly store: "domains" | "paths";
  /** The form in which a value is stored, or why it is refused. */
  check(
    value: string,
  ): { readonly ok: true; readonly stored: string } | { readonly ok: false; readonly problem: string };
  /** What is answered. */
  listed(entries: readonly LearnedEntry[]): Answer;
  added(actionId: string, value: string, inserted: boolean): Answer;
  removed(actionId: string, value: string, deleted: boolean): Answer;
}

type Listing = "listDomains" | "listPaths";
type Change = "addDomain" | "addPath" | "removeDomain" | "removePath";
type Clearing = "clearDomains" | "clearPaths";

const domains: Kind = {
  path: "/v1/admin/domains",
  event: "domain",
  key: "domain",
  store: "domains",
  check(value) {
    const verdict = checkDomain(value);
    return verdict.ok ? { ok: true, stored: verdict.domain } : verdict;
  },
  listed: (entries) =>
    ordered<"listDomains">({
      domains: entries.map((entry) => ({ ...entryOf(entry), domain: entry.value })),
    }),
  added: (action_id, domain, inserted) => ordered<"addDomain">({ action_id, domain, inserted }),
  removed: (action_id, domain, deleted) => ordered<"removeDomain">({ action_id, domain, deleted }),
};

const paths: Kind = {
  path: "/v1/admin/paths",
  event: "path",
  key: "path_glob",
  store: "paths",
  check(value) {
    const problem = sentPathGlobProblem(value);
    return problem === undefined ? { ok: true, stored: value } : { ok: false, problem };
  },
  listed: (entries) =>
    ordered<"listPaths">({
      paths: entries.map((entry) => ({ ...entryOf(entry), path_glob: entry.value })),
    }),
  added: (action_id, path_glob, inserted) => ordered<"addPath">({ action_id, path_glob, inserted }),
  removed: (action_id, path_glob, deleted) => ordered<"removePath">({ action_id, path_glob, deleted }),
};

/** The value goes by any of three names, on both resources. */
const mutateBody = struct(
  "MutateBody",
  { action_id: required(text), value: required(text) } satisfies Pick<
    RequestMembers<Change>,
    "action_id" | "value"
  >,
  {
    aliases: { domain: "value", path_glob: "value" } satisfies Omit<
      RequestMembers<Change>,
      "action_id" | "value"
    >,
  },
);

function listing(kind: Kind): Handler {
  return (world, call) => {
    const query = queryOf(call, { action: "string" });
    if (!query.ok) return query.answer;
    const who = admit(world, call, { method: "GET", path: kind.path, bucket: "read" });
    if (!who.ok) return who.answer;
    const { action } = query.value;
    const problem = action === undefined ? undefined : actionIdProblem(action);
    if (problem !== undefined) return failure<Listing, 400>(400, "invalid_action_id", { detail: problem });
    const store = world.policy[kind.store];
    return kind.listed(action === undefined ? store.list() : store.listOf(action));
  };
}

function adding(kind: Kind): Handler {
  return (world, call) => {
    const entry = jsonBody(call, mutateBody);
    if (!entry.ok) return entry.answer;
    const who = admit(world, call, { method: "POST", path: kind.path, bucket: "write" });
    if (!who.ok) return who.answer;
    const { action_id: actionId, value } = entry.value;
    const checked = check(kind, actionId, value);
    if ("status" in checked) return checked;
    const added = world.policy[kind.store].add({
      actionId,
      value: checked.stored,
      addedBy: who.operator.id,
      source: "api",
      approvalId: null,
    });
    if (added === "full") return failure(500, "ledger_error");
    const detail = `action=${actionId} ${kind.key}=${value} inserted=${added}`;
    writeAdminEvent(world, who.operator, `${kind.event}_add`, detail);
    return kind.added(actionId, value, added);
  };
}

/** Compares the text as it was sent with what is stored: `API.example.com` removes nothing (operator.md 2.16). */
function removing(kind: Kind): Handler {
  return (world, call) => {
    const entry = jsonBody(call, mutateBody);
    if (!entry.ok) return entry.answer;
    const who = admit(world, call, { method: "DELETE", path: kind.path, bucket: "write" });
    if (!who.ok) return who.answer;
    const { action_id: actionId, value } = entry.value;
    const checked = check(kind, actionId, value);
    if ("status" in checked) return checked;
    const deleted = world.policy[kind.store].remove(actionId, value);
    const detail = `action=${actionId} ${kind.key}=${value} deleted=${deleted}`;
    writeAdminEvent(world, who.operator, `${kind.event}_remove`, detail);
    return kind.removed(actionId, value, deleted);
  };
}

function clearing(kind: Kind): Handler {
  return (world, call) => {
    const query = queryOf(call, { action: "required" });
    if (!query.ok) return query.answer;
    const who = admit(world, call, { method: "DELETE", path: `${kind.path}/clear`, bucket: "write" });
    if (!who.ok) return who.answer;
    const actionId = query.value.action ?? "";
    const problem = actionIdProblem(actionId);
    if (problem !== undefined) return failure<Clearing, 400>(400, "invalid_action_id", { detail: problem });
    const count = world.policy[kind.store].clear(actionId);
    const detail = `action=${actionId} deleted_count=${count}`;
    writeAdminEvent(world, who.operator, `${kind.event}_clear`, detail);
    return ordered<Clearing>({ action_id: actionId, deleted_count: count });
  };
}

export const learnedHandlers = {
  listDomains: listing(domains),
  addDomain: adding(domains),
  removeDomain: removing(domains),
  clearDomains: clearing(domains),
  listPaths: listing(paths),
  addPath: adding(paths),
  removePath: removing(paths),
  clearPaths: clearing(paths),
};

function check(kind: Kind, actionId: string, value: string): { readonly stored: string } | Answer {
  const problem = actionIdProblem(actionId);
  if (problem !== undefined) return failure<Change, 400>(400, "invalid_action_id", { detail: problem });
  const verdict = kind.check(value);
  return verdict.ok ? verdict : failure<Change, 400>(400, `invalid_${kind.key}`, { detail: verdict.problem });
}

function entryOf({ actionId, addedBy, addedAt, source, approvalId }: LearnedEntry) {
  return { action_id: actionId, added_by: addedBy, added_at: addedAt, source, approval_id: approvalId };
}
