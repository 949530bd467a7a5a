/** The gate's other clients could use a mock: nothing here but node:http, node:crypto, and what a gate lays on a disk. */
import { createHash, createPrivateKey, type KeyObject, randomUUID, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { run } from "../../src/cli/dispatch.ts";
import { MockGate } from "../../src/testing/index.ts";
import { newKeyPair } from "../support/keys.ts";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "gate-"));
  cleanup.push(() => rmSync(directory, { recursive: true }));
  return directory;
}

interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what came
  json: any;
}

/** As the gate's own command asks: no Accept, no User-Agent, `Host: localhost`, and no framing without a body. */
function ask(
  socketPath: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = request(
      { socketPath, method, path, headers: { host: "localhost", ...length, ...headers }, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            json: text === "" ? undefined : JSON.parse(text),
          }),
        );
      },
    );
    sent.on("error", reject);
    if (body === undefined) sent.removeHeader("transfer-encoding");
    sent.end(body);
  });
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const hashOf = (text: string) => createHash("sha256").update(text).digest("base64url");

function publicJwk(privateKey: KeyObject) {
  const { crv, kty, x, y } = privateKey.export({ format: "jwk" });
  return { crv, kty, x, y };
}

/** RFC 9449, by hand. */
function signed(privateKey: KeyObject, token: string, base: string, method: string, path: string) {
  const input = [
    { typ: "dpop+jwt", alg: "ES256", jwk: publicJwk(privateKey) },
    {
      ...{ jti: randomUUID(), htm: method, htu: `${base}${path}` },
      ...{ iat: Math.floor(Date.now() / 1000), ath: hashOf(token) },
    },
  ]
    .map(base64url)
    .join(".");
  const signature = sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return { authorization: `DPoP ${token}`, dpop: `${input}.${signature.toString("base64url")}` };
}

interface Place {
  socket: string;
  adminSocket: string;
  base: string;
  apiKey: string;
  privateKey: KeyObject;
}

/** An agent and an operator at their sockets: lease, execute, hold, approve, poll, receipt, audit. */
async function drive({ socket, adminSocket, base, apiKey, privateKey }: Place): Promise<void> {
  const agentKey = newKeyPair().privateKey;
  const lease = await ask(
    ...([socket, "POST", "/v1/leases", { "content-type": "application/json" }] as const),
    JSON.stringify({ scopes: ["tools:call"], dpop_jwk: publicJwk(agentKey), budgets: { max_calls: 5 } }),
  );
  expect(lease.status).toBe(200);
  const token = lease.json.lease_jwt as string;
  const asAgent = (method: string, path: string, body?: string) =>
    ask(socket, method, path, signed(agentKey, token, base, method, path), body);
  const asOperator = (
    method: string,
    target: string,
    body?: string,
    headers: Record<string, string> = {},
  ) => {
    const [path = ""] = target.split("?");
    return ask(
      adminSocket,
      method,
      target,
      { ...signed(privateKey, apiKey, base, method, path), ...headers },
      body,
    );
  };
  const execute = (actionId: string, params: object) =>
    asAgent("POST", `/v1/actions/${actionId}/execute`, JSON.stringify(params));

  const ran = await execute("fs_read", { operation: "read", path: "docs/notes.md" });
  expect([ran.status, ran.json.decision]).toEqual([200, "executed"]);
  const held = await execute("http_fetch", { url: "https://example.org/" });
  expect([held.status, held.json.decision]).toEqual([202, "pending_approval"]);
  const approvalId = held.json.approval_id as string;
  expect((await asAgent("GET", `/v1/approvals/${approvalId}/poll`)).json).toEqual({
    status: "pending",
    retry_after_seconds: 2,
  });

  // The gate's own command looks at an approval before it approves it.
  const listed = await asOperator("GET", "/v1/approvals?status=pending");
  expect(listed.json.approvals).toMatchObject([{ approval_id: approvalId, action_id: "http_fetch" }]);
  const detail = await asOperator("GET", `/v1/approvals/${approvalId}`);
  expect(detail.json).toMatchObject({ status: "pending", unresolved_domains: ["example.org"] });
  const approved = await asOperator("POST", `/v1/approvals/${approvalId}/approve`);
  expect(approved.json).toMatchObject({ decision: "executed", learned_domain: "example.org" });
  expect((await asOperator("POST", `/v1/approvals/${approvalId}/approve`)).json.decision).toBe(
    "already_approved",
  );
  const { receipt_id: receiptId } = approved.json;
  expect((await asAgent("GET", `/v1/approvals/${approvalId}/poll`)).json).toEqual({
    status: "approved",
    receipt_id: receiptId,
  });

  const receipt = await asAgent("GET", `/v1/receipts/${receiptId}`);
  expect(receipt.json).toMatchObject({ receipt_id: receiptId, signature_status: "valid" });
  expect((await asOperator("GET", `/v1/receipts/${receiptId}`)).json).toEqual(receipt.json);

  const second = await execute("http_fetch", { url: "https://held.example.net/" });
  const denied = await asOperator(
    ...(["POST", `/v1/approvals/${second.json.approval_id}/deny`, '{"reason":"no"}'] as const),
    { "content-type": "application/json" },
  );
  expect(denied.json).toMatchObject({ decision: "deny", deny_reason: "no" });
  expect((await asAgent("GET", `/v1/approvals/${second.json.approval_id}/poll`)).json.status).toBe("denied");

  const audit = await asOperator("GET", `/v1/audit/events?limit=100&session_id=${lease.json.session_id}`);
  const events = audit.json.events as Record<string, unknown>[];
  expect(events.map(({ decision }) => decision)).toEqual(
    expect.arrayContaining(["allow", "pending_approval", "deny"]),
  );
  const whole = (await asOperator("GET", "/v1/audit/events?limit=1000")).json.events as Record<
    string,
    unknown
  >[];
  const hashes = new Map(whole.map((event) => [sha256(event), event]));
  const linked = whole.filter(({ prev_hash }) => prev_hash === null || hashes.has(String(prev_hash)));
  expect(linked).toHaveLength(whole.length);
  expect((await asOperator("GET", "/v1/audit/verify")).json).toMatchObject({ intact: true, broken_at: null });

  // Each socket has its own routes.
  const strange = signed(privateKey, apiKey, base, "GET", "/v1/audit/events");
  expect((await ask(socket, "GET", "/v1/audit/events", strange)).status).toBe(404);
  expect((await ask(adminSocket, "GET", "/v1/audit/events", {})).json).toEqual({ error: "unauthorized" });
  expect((await ask(adminSocket, "GET", "/v1/actions")).status).toBe(200);
}

/** The hash of an event: of its JCS. These have no number but integers, so that sorting is all there is to it. */
function sha256(event: unknown): string {
  return `sha256:${createHash("sha256").update(sortedJson(event)).digest("hex")}`;
}

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${sortedJson(member)}`);
  return `{${members.join(",")}}`;
}

const modeOf = (path: string) => statSync(path).mode & 0o777;

test("a bare client does lease, execute, hold, approve, poll, receipt and audit over both sockets of a directory", async () => {
  const dir = join(temporaryDirectory(), "latchgate");
  const gate = new MockGate();
  const { apiKey, privateKey } = gate.operatorCredentials;
  const server = await gate.listen({ dir });
  cleanup.push(() => server.close());
  const [socket, adminSocket] = [join(dir, "gate.sock"), join(dir, "gate-admin.sock")];
  expect([dir, socket, adminSocket].map(modeOf)).toEqual([0o700, 0o600, 0o600]);
  await drive({
    socket,
    adminSocket,
    base: "http://localhost:3000",
    apiKey,
    privateKey: createPrivateKey(privateKey),
  });
});

test("all that it needs is found on the disk, as a gate's other clients find it", async () => {
  const directory = temporaryDirectory();
  const stop = new AbortController();
  const lines: string[] = [];
  let heard = () => {};
  const started = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const code = run(["mock", "--dir", directory], {
    out: () => heard(),
    err: (line) => void lines.push(line),
    cwd: "/",
    env: {},
    signal: stop.signal,
  });
  cleanup.push(() => {
    stop.abort();
    return code;
  });
  await Promise.race([started, code]);

  const config = join(directory, ".latchgate", "latchgate.toml");
  const toml = readFileSync(config, "utf8");
  const [, id = ""] = /^\[operator_credentials\.(\w+)\]$/m.exec(toml) ?? [];
  const value = (key: string) => new RegExp(`^${key} *= *"(.*)"$`, "m").exec(toml)?.[1] ?? "";
  const pem = join(directory, ".latchgate", "operators", `${id}.pem`);
  expect([config, pem].map(modeOf)).toEqual([0o600, 0o600]);
  const privateKey = createPrivateKey(readFileSync(pem));
  expect(value("dpop_jkt")).toBe(hashOf(JSON.stringify(publicJwk(privateKey))));
  await drive({
    socket: value("listen_uds_path"),
    adminSocket: value("listen_admin_uds_path"),
    base: value("public_base_url"),
    apiKey: value("api_key"),
    privateKey,
  });
  const secret = new RegExp(`${value("api_key")}|eyJ`);
  expect(lines.length).toBeGreaterThan(15);
  expect(lines.filter((line) => secret.test(line))).toEqual([]);
});
