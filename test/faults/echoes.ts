/** All that a request held, as a debugging page, a proxy or an attacker gives it back. */
export function echoes(request: { rawHeaders: readonly string[]; headers: Record<string, unknown> }) {
  const token = String(request.headers["authorization"] ?? "").replace("DPoP ", "");
  const proof = String(request.headers["dpop"] ?? "");
  return { token, proof, all: request.rawHeaders.join(" ") };
}

/** JSON in which no letter of a secret is as it was. */
const escaped = (text: string) =>
  [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");

type Shape = (all: string, code: string) => { body: string; headers?: Record<string, string> };
/** How a server gives back what it was sent. */
export const shapes: Readonly<Record<string, Shape>> = {
  members: (all, code) => ({
    body: JSON.stringify({
      error: code,
      deny_reason: all,
      message: all,
      reason: all,
      [all]: all,
      deep: [{ all }],
    }),
  }),
  word: (all) => ({ body: JSON.stringify({ error: all }) }),
  text: (all) => ({ body: `<pre>${all}</pre>` }),
  escaped: (all, code) => ({ body: `{"error":"${code}","deny_reason":"${escaped(all)}"}` }),
  headers: (all, code) => ({
    body: JSON.stringify({ error: code }),
    headers: {
      location: `/?${encodeURI(all)}`,
      "x-echo": all,
      "www-authenticate": all,
      "retry-after": all,
      date: all,
    },
  }),
};

/** Refusals, with words that this package has an opinion about and one that it has none about. */
export const statuses: readonly (readonly [number, string])[] = [
  ...[400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 307, 201].map(
    (status) => [status, "odd"] as const,
  ),
  ...([
    [401, "lease_expired"],
    [401, "replay_detected"],
    [401, "invalid_dpop"],
    [403, "budget_exhausted"],
  ] as const),
  ...([
    [403, "policy_denied"],
    [422, "schema_violation"],
    [500, "evidence_persistence_failed"],
  ] as const),
];

/** What an HTTP library throws that keeps the request. */
export const thrown: Readonly<Record<string, (headers: Record<string, string>) => unknown>> = {
  "with the request in its fields": (headers) =>
    Object.assign(new Error("Request failed"), {
      config: { headers },
      request: { _header: Object.values(headers).join() },
    }),
  "with the request in its words": (headers) => new Error(`could not send ${JSON.stringify(headers)}`),
  "with the request in its code, name and cause": (headers) => {
    const cause = Object.assign(new TypeError(Object.values(headers).join()), {
      code: headers["DPoP"],
      headers,
    });
    return Object.assign(new Error("failed", { cause }), { name: String(headers["DPoP"]) });
  },
  "with several errors": (headers) =>
    new AggregateError([new Error(headers["DPoP"])], headers["Authorization"]),
  "that is text": (headers) => JSON.stringify(headers),
  "that is an object": (headers) => ({ headers }),
};
