import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { command, edited, type Tamper, tamperedGate } from "../check/tampered.ts";
import { temporaryFolder } from "../support/bare.ts";

/** What a check says of a gate that answers otherwise. */
async function checked(tamper: Tamper, ...args: string[]) {
  const { socket, env } = await tamperedGate(tamper);
  const { code, lines } = await command(["check", "--socket", socket, ...args], env);
  return {
    code,
    drift: lines.filter((line) => line.startsWith("drift")).map((line) => line.slice(10)),
    lines,
  };
}

/** Changes the answers to one kind of request. */
const only =
  (request: string | RegExp, change: (body: string) => ReturnType<Tamper>): Tamper =>
  (asked, { body }) =>
    (typeof request === "string" ? asked === request : request.test(asked)) ? change(body) : undefined;

const DRIFT: readonly (readonly [string, string, Tamper])[] = [
  [
    "a member that is gone",
    "listActions 200: actions[*].version is missing (GET /v1/actions, and",
    only("GET /v1/actions", (body) => ({ body: body.replaceAll(/"version":"[^"]*",?/g, "") })),
  ],
  [
    "a type that changed",
    "getStatus 200: version is number, not string (GET /v1/admin/status)",
    only("GET /v1/admin/status", (body) =>
      body.includes("version") ? edited(body, (json) => Object.assign(json, { version: 2 })) : undefined,
    ),
  ],
  [
    "a member that is not described",
    "getHealth 200: uptime is not described (number) (GET /healthz, and 1 more)",
    only("GET /healthz", (body) => edited(body, (json) => Object.assign(json, { uptime: 5 }))),
  ],
  [
    "a code that no list knows",
    'executeAction 401: error is "no_lease", which is none of missing_auth_header',
    only(/execute$/, (body) => ({ body: body.replace("missing_auth_header", "no_lease") })),
  ],
  [
    "a known code in the wrong place",
    "getReceipt 401: the answer is 401 lease_expired where 401 missing_auth_header is due",
    (asked, { body }) =>
      asked.startsWith("GET /v1/receipts/") && body.includes("missing_auth")
        ? { body: body.replace("missing_auth_header", "lease_expired") }
        : undefined,
  ],
  [
    "a status that is not described",
    "getLeaseKeys 206: the answer 206 is not described: 200, 400, 414, 431 are",
    only(/jwks/, () => ({ status: 206 })),
  ],
  [
    "a status that is not due",
    "getAction 404: the answer is 404 where 200 is due (GET /v1/actions/fs_read)",
    only("GET /v1/actions/fs_read", () => ({
      status: 404,
      headers: { date: new Date().toUTCString() },
      body: "",
    })),
  ],
  [
    "a member that requests must have now",
    'createLease 422: the answer is 422 where 400 invalid_request or 401 identity_unauthenticated or 403 identity_forbidden is due ("Failed to deserialize the JSON body into the target type: missing field `purpose`',
    purposeful(),
  ],
  [
    "a word of a closed list",
    'getAction 200: risk_level is "extreme", which is none of low, medium, high, critical',
    only(/^GET \/v1\/actions\/http_fetch$/, (body) => ({ body: body.replace('"low"', '"extreme"') })),
  ],
  [
    "a header that is gone",
    "getReadiness 200: header Date is missing",
    only("GET /readyz", () => ({ headers: { "content-type": "application/json" } })),
  ],
  [
    "a body of another kind",
    "listReceiptKeys 200: the answer is text/html where application/json is described",
    only("GET /v1/receipt-keys", (body) =>
      body.includes("keys")
        ? { headers: { "content-type": "text/html", date: new Date().toUTCString() } }
        : undefined,
    ),
  ],
];

let atOnce: ReturnType<typeof checked> | undefined;

/** A check of a gate with all of these faults: they are at different answers. */
function checkedAtOnce() {
  atOnce ??= checked((...answer) => {
    for (const [, , tamper] of DRIFT) {
      const changed = tamper(...answer);
      if (changed !== undefined) return changed;
    }
    return undefined;
  });
  return atOnce;
}

describe("check", () => {
  test("has nothing to say of the mock gate, with and without --full, and leaves nothing waiting", async () => {
    const { gate, socket, env } = await tamperedGate();
    const reading = await command(["check", "--socket", socket], env);
    expect(reading).toMatchObject({ code: 0, err: "" });
    expect(reading.lines.at(-1)).toMatch(/^nothing differs: \d+ exchanges, \d+ of 38 operations$/);
    expect([gate.sessions, gate.approvals, gate.effects]).toEqual([[], [], []]);

    const full = await command(["check", "--socket", socket, "--full"], env);
    expect(full).toMatchObject({ code: 0, err: "" });
    expect(gate.approvals.map(({ state }) => state)).toEqual(["denied"]);
    expect(gate.effects).toHaveLength(1);
  });

  test("asks nothing twice for the operator's writes: they are refused by shape, or not asked", async () => {
    const { gate, socket, env } = await tamperedGate();
    await command(["check", "--socket", socket, "--full"], env);
    const writes = gate.received.filter(
      ({ path, method }) => path.startsWith("/v1/admin/") && method !== "GET",
    );
    expect(new Set(writes.map(({ status }) => status))).toEqual(new Set([400, 415, 422]));
  });

  test.each(DRIFT)("names %s", async (_, said) => {
    const { code, drift } = await checkedAtOnce();
    expect(code).toBe(1);
    expect(drift.join("\n")).toContain(said);
  });

  test("names nothing else: one line for each", async () => {
    const { drift } = await checkedAtOnce();
    expect(drift.filter((line) => !DRIFT.some(([, said]) => line.includes(said)))).toEqual([]);
    expect(drift).toHaveLength(DRIFT.length);
  });

  test("names with --full what a lease must have now, and what could not be asked without one", async () => {
    const { code, drift, lines } = await checked(purposeful(), "--full");
    expect(code).toBe(1);
    expect(drift.join("\n")).toContain("createLease 422: the answer is 422 where 200 is due");
    expect(lines.join("\n")).toContain("not made  executes, polls, receipts: there is no lease");
  });

  test("says the same difference in many answers once, and nothing else", async () => {
    const { drift } = await checked(
      only(/^GET \/v1\/actions\/\w+$/, (body) => ({ body: body.replace('"version":', '"edition":') })),
    );
    expect(drift).toEqual([
      "getAction 200: version is missing (GET /v1/actions/fs_delete, and 7 more)",
      "getAction 200: edition is not described (string) (GET /v1/actions/fs_delete, and 7 more)",
    ]);
  });

  test("says with --json the same for programs", async () => {
    const { socket, env } = await tamperedGate(only("GET /healthz", () => ({ body: '{"status":"fine"}' })));
    const { code, out } = await command(["check", "--socket", socket, "--json"], env);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      drift: [{ operation: "getHealth", kind: "value", at: "status", status: 200, times: 2 }],
      notMade: [],
    });
  });

  test("never counts as fine what it could not ask: exit code 3", async () => {
    const nobody = await command(["check", "--socket", "/nowhere/gate.sock"]);
    expect(nobody.code).toBe(3);
    expect(nobody.out).toMatch(/^not made {2}agent\.health, .* and \d+ more: there is no socket at/m);

    const { socket, adminSocket } = await tamperedGate();
    const asked = await command(["check", "--socket", socket, "--admin-socket", adminSocket]);
    expect(asked.code).toBe(3);
    expect(asked.out).toContain("not made  what an operator reads: there are no operator credentials");
    // What nobody asked for is left out, and said.
    const unasked = await command(["check", "--socket", socket]);
    expect(unasked.code).toBe(0);
    expect(unasked.out).toContain("left out  what an operator reads");
  });

  test("does not take a drained gate, a wrong api key or an action that is not there for drift", async () => {
    const drained = await tamperedGate();
    drained.gate.drain();
    const draining = await command(["check", "--socket", drained.socket], drained.env);
    expect([draining.code, draining.out]).toEqual([
      3,
      expect.stringContaining("the gate is not able to (503"),
    ]);

    const { socket, env } = await tamperedGate();
    const other = await command(["check", "--socket", socket], {
      ...env,
      LATCHGATE_OPERATOR_KEY: "key-default-other",
    });
    expect([other.code, other.out]).toEqual([3, expect.stringContaining("does not take these credentials")]);
  });

  test("finds what proofs name in the gate's configuration", async () => {
    const { socket, env } = await tamperedGate(() => undefined, { publicBaseUrl: "https://gate.example" });
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, ".latchgate"));
    writeFileSync(join(cwd, ".latchgate/latchgate.toml"), 'public_base_url = "https://gate.example"\n', {
      mode: 0o600,
    });
    const { code, out } = await command(["check", "--socket", socket, "--full"], env, cwd);
    expect([code, out]).toEqual([0, expect.stringContaining("nothing differs")]);
  });
});

/** A gate whose leases need a purpose. */
function purposeful(): Tamper {
  const text =
    "Failed to deserialize the JSON body into the target type: missing field `purpose` at line 1 column 9";
  return (asked, { headers }, sent) =>
    asked === "POST /v1/leases" && sent.includes("dpop_jwk") && !sent.includes("agent_id")
      ? { status: 422, headers: { ...headers, "content-type": "text/plain; charset=utf-8" }, body: text }
      : undefined;
}
