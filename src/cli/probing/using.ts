import { isObject } from "../../documents/document.ts";
import { DPoPKeyPair } from "../../proof/dpop.ts";
import type { Answer } from "../check/judge.ts";
import { type Asker, JSON_TYPE, NOBODY } from "./probe.ts";
import { type Flaw, type Signer, signedHeaders } from "./signing.ts";

/** What is executed where somebody really executes: an action that reads, and parameters for which it is held. */
export interface Errand {
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly held: Readonly<Record<string, unknown>>;
}

/** A fetch from the domain that a new gate allows, and one from a domain that none does. */
export const FETCH: Errand = {
  action: "http_fetch",
  params: { url: "https://httpbin.org/get" },
  held: { url: "https://latchgate-check.invalid/" },
};

/**
 * What an agent does: leases, executes that run, are refused and are held, polls and receipts. What is held is given back
 * by its id: nobody else would ever decide about it.
 */
export async function useAsAgent(asker: Asker, { action, params, held }: Errand): Promise<readonly string[]> {
  const { ask, leave, publicBaseUrl } = asker;
  const session = await lease(asker, "lease.ok", "a lease of twenty calls", { budgets: { max_calls: 20 } });
  const other = await lease(asker, "lease.other", "another session");
  if (session === undefined || other === undefined) {
    for (const what of ["executes", "polls", "receipts"]) leave(what, "there is no lease");
    return [];
  }
  const execute = (
    id: string,
    note: string,
    due: string[],
    body: unknown,
    given: Partial<{ action: string; flaw: Flaw }> = {},
  ) => {
    const path = `/v1/actions/${given.action ?? action}/execute`;
    const headers = signedHeaders(session, publicBaseUrl, "POST", path, given.flaw);
    return ask({ id: `execute.${id}`, note, method: "POST", path, headers, body: JSON.stringify(body), due });
  };
  const get = (
    id: string,
    note: string,
    path: string,
    due: string[],
    as: Signer = session,
    flaw: Flaw = {},
  ) =>
    ask({ id, note, method: "GET", path, headers: signedHeaders(as, publicBaseUrl, "GET", path, flaw), due });

  await execute(
    "unknown",
    "an action that is not there",
    ["404 action_not_found"],
    {},
    { action: "no_such_action" },
  );
  await execute("array", "parameters that are no object", ["422 schema_violation"], [1]);
  await execute("wrong-path", "a proof for another path", ["401 invalid_dpop"], params, {
    flaw: { path: "/x" },
  });
  await execute("old", "an old proof", ["401 invalid_dpop"], params, { flaw: { iat: 1_700_000_000 } });
  await execute("wrong-key", "a proof by another key", ["401 invalid_dpop"], params, {
    flaw: { key: other.key },
  });
  await execute("lower-case", "the scheme in lower case", ["401 invalid_lease"], params, {
    flaw: { scheme: "dpop" },
  });
  await replay(asker, session);

  const ran = await execute("ok", "an action that reads", ["200 executed"], params);
  const receipt = member(ran, "receipt_id");
  if (receipt === undefined) leave("receipt.ok", "nothing ran, so that there is no receipt");
  else await get("receipt.ok", "its receipt", `/v1/receipts/${receipt}`, ["200"]);
  await get("receipt.unknown", "one that is not there", `/v1/receipts/${NOBODY}`, ["404 not_found"]);
  await get(
    "receipt.wrong-path",
    "a proof for another path",
    `/v1/receipts/${NOBODY}`,
    ["401 invalid_dpop"],
    session,
    { path: "/x" },
  );

  const approval = member(
    await execute("held", "one that is held", ["202 pending_approval"], held),
    "approval_id",
  );
  await get("poll.unknown", "an approval that is not there", `/v1/approvals/${NOBODY}/poll`, ["404"]);
  if (approval === undefined) {
    leave("poll.pending", "nothing is held, so that there is no approval");
    return [];
  }
  await get("poll.pending", "it waits", `/v1/approvals/${approval}/poll`, ["200"]);
  await get("poll.other-session", "another session", `/v1/approvals/${approval}/poll`, ["404"], other);
  return [approval];
}

/** What an operator does about what this run itself had held: each is denied, and nothing has run. */
export async function denyHeld(
  { ask, publicBaseUrl }: Asker,
  operator: Signer,
  held: readonly string[],
): Promise<void> {
  const signed = (method: string, path: string) => signedHeaders(operator, publicBaseUrl, method, path);
  const decide = (id: string, note: string, approval: string, what: string, due: string[], body?: string) => {
    const path = `/v1/approvals/${approval}/${what}`;
    const headers = { ...signed("POST", path), ...(body === undefined ? {} : JSON_TYPE) };
    return ask({ id, note, method: "POST", path, headers, due, ...(body === undefined ? {} : { body }) });
  };
  const detail = (id: string, note: string, approval: string) => {
    const path = `/v1/approvals/${approval}`;
    return ask({ id, note, method: "GET", path, headers: signed("GET", path), due: ["200"] });
  };
  await decide("approve.unknown", "one that is not there", NOBODY, "approve", ["404 action_not_found"]);
  await decide("deny.unknown", "one that is not there", NOBODY, "deny", ["404 action_not_found"]);
  for (const approval of held) {
    await detail("approval.pending", "it waits", approval);
    await decide("deny.wrong-type", "a reason that is no text", approval, "deny", ["422"], '{"reason":5}');
    await decide("deny.ok", "denied", approval, "deny", ["200 deny"], '{"reason":"latchgate-client check"}');
    await decide("deny.again", "denied once more", approval, "deny", ["200 already_denied"]);
    await decide("approve.denied", "approved after that", approval, "approve", ["200 already_denied"]);
    await detail("approval.denied", "as it ended", approval);
  }
}

async function lease(
  { ask }: Asker,
  id: string,
  note: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Signer | undefined> {
  const key = await DPoPKeyPair.generate();
  const body = JSON.stringify({ scopes: ["tools:call"], dpop_jwk: key.jwk, ...more });
  const answer = await ask({
    id,
    note,
    method: "POST",
    path: "/v1/leases",
    headers: JSON_TYPE,
    body,
    due: ["200"],
  });
  const token = member(answer, "lease_jwt");
  return token === undefined ? undefined : { key, token };
}

/** The same bytes twice, of a call that finds nothing. */
async function replay({ ask, publicBaseUrl }: Asker, session: Signer): Promise<void> {
  const path = "/v1/actions/no_such_action/execute";
  const headers = signedHeaders(session, publicBaseUrl, "POST", path);
  const same = { method: "POST", path, headers, body: "{}" } as const;
  await ask({ ...same, id: "execute.once", note: "a proof", due: ["404 action_not_found"] });
  await ask({ ...same, id: "execute.twice", note: "the same proof again", due: ["401 replay_detected"] });
}

function member(answer: Answer | undefined, name: string): string | undefined {
  const value = isObject(answer?.json) ? answer.json[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
