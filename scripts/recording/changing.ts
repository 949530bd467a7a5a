import { type Asker, JSON_TYPE } from "../../src/cli/probing/probe.ts";
import { type Signer, signedHeaders } from "../../src/cli/probing/signing.ts";

/** An action that no gate has: what is learned for it opens nothing. */
const ACTION = "latchgate_recorder";

/**
 * Writes of an operator that are undone, or that change nothing: what is learned for an action that is not there, and what is
 * refused by its values. Grants, the allowlist, reload, revoke-all and drain are no such writes.
 */
export async function changeAndUndo({ ask, publicBaseUrl }: Asker, operator: Signer): Promise<void> {
  const send = (
    id: string,
    note: string,
    method: "GET" | "POST" | "DELETE",
    path: string,
    due: string,
    body?: Readonly<Record<string, unknown>>,
  ) => {
    const headers = {
      ...signedHeaders(operator, publicBaseUrl, method, path),
      ...(body === undefined ? {} : JSON_TYPE),
    };
    return ask({
      id,
      note,
      method,
      path,
      headers,
      due: [due],
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  };
  const learned = [
    { noun: "domains", member: "domain", value: "recorder.example.com", bad: "localhost" },
    { noun: "paths", member: "path_glob", value: "recorder/**", bad: "/etc/**" },
  ] as const;
  for (const { noun, member, value, bad } of learned) {
    const path = `/v1/admin/${noun}`;
    const body = { action_id: ACTION, [member]: value };
    await send(`${noun}.add`, "add", "POST", path, "200", body);
    await send(`${noun}.add-again`, "add again", "POST", path, "200", body);
    await send(`${noun}.add-refused`, "a value that is refused", "POST", path, "400", {
      ...body,
      [member]: bad,
    });
    await send(`${noun}.add-bad-action`, "a bad action id", "POST", path, "400 invalid_action_id", {
      ...body,
      action_id: "no way",
    });
    await send(`${noun}.list-filter`, "list for one action", "GET", `${path}?action=${ACTION}`, "200");
    await send(`${noun}.remove`, "remove", "DELETE", path, "200", body);
    await send(`${noun}.remove-again`, "remove again", "DELETE", path, "200", body);
    await send(`${noun}.clear`, "clear what is empty", "DELETE", `${path}/clear?action=${ACTION}`, "200");
  }
  const policy = "/v1/admin/policy";
  const unknown = { principal: "agent:recorder", actions: [ACTION] };
  await send(
    "policy.grant-unknown",
    "grant an unknown action",
    "POST",
    `${policy}/grant`,
    "400 unknown_action",
    unknown,
  );
  await send(
    "policy.grant-bad-principal",
    "an empty principal",
    "POST",
    `${policy}/grant`,
    "400 invalid_principal",
    { ...unknown, principal: "" },
  );
  await send("policy.unknown", "of nobody", "GET", `${policy}/agent:latchgate_nobody`, "404");
}
