/** A client's half by hand, from node:crypto alone: what judges the mock shares nothing with it. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomUUID, sign } from "node:crypto";
import { newKeyPair } from "../support/keys.ts";

export interface Request {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
}

/** Anything that answers: `gate.send`, `gate.fetch`, or a socket. */
export type Door = (
  request: Request,
) => Promise<{ status: number; text(): Promise<string>; headers: { get(name: string): string | null } }>;

export interface Answered {
  status: number;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what came
  json: any;
  headers: { get(name: string): string | null };
}

export const BASE = "http://localhost:3000";

export function keyPair() {
  const { privateKey, publicKey } = newKeyPair();
  const { x, y } = publicKey.export({ format: "jwk" });
  return { privateKey, jwk: { kty: "EC", crv: "P-256", x, y } };
}

/** RFC 7638. */
export function jwkThumbprint({ crv, kty, x, y }: Record<string, unknown>): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

export function signedProof(
  privateKey: KeyObject,
  jwk: object,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = { typ: "dpop+jwt", alg: "ES256", jwk },
): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

export function claimsFor(token: string, method: string, path: string, nowMs: number) {
  return {
    jti: randomUUID() as string,
    htm: method,
    htu: `${BASE}${path}`,
    iat: Math.floor(nowMs / 1000),
    ath: createHash("sha256").update(token).digest("base64url"),
  };
}

export async function ask(door: Door, request: Request): Promise<Answered> {
  const response = await door(request);
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json" && text !== "";
  return {
    status: response.status,
    text,
    json: isJson ? JSON.parse(text) : undefined,
    headers: response.headers,
  };
}

/** An agent with one lease. */
export async function createAgent(
  door: Door,
  options: { now?: () => number; budgets?: unknown; scopes?: string[]; fsRoot?: string } = {},
) {
  const now = options.now ?? Date.now;
  const { privateKey, jwk } = keyPair();
  const lease = await ask(door, {
    url: `${BASE}/v1/leases`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      scopes: options.scopes ?? ["tools:call"],
      dpop_jwk: jwk,
      ...(options.budgets === undefined ? {} : { budgets: options.budgets }),
      ...(options.fsRoot === undefined ? {} : { fs_root: options.fsRoot }),
    }),
  });
  const token = lease.json?.lease_jwt as string;

  function request(
    method: string,
    path: string,
    body?: string,
    change: Record<string, unknown> = {},
  ): Request {
    const claims = { ...claimsFor(token, method, path, now()), ...change };
    const headers = { authorization: `DPoP ${token}`, dpop: signedProof(privateKey, jwk, claims) };
    return { url: `${BASE}${path}`, method, headers, ...(body === undefined ? {} : { body }) };
  }

  return {
    lease,
    token,
    jwk,
    privateKey,
    sessionId: lease.json?.session_id as string,
    request,
    executeRequest: (actionId: string, params: unknown) =>
      request("POST", `/v1/actions/${actionId}/execute`, JSON.stringify(params)),
    execute: (actionId: string, params: unknown) =>
      ask(door, request("POST", `/v1/actions/${actionId}/execute`, JSON.stringify(params))),
    poll: (approvalId: string) => ask(door, request("GET", `/v1/approvals/${approvalId}/poll`)),
    receipt: (receiptId: string) => ask(door, request("GET", `/v1/receipts/${receiptId}`)),
  };
}

/** An operator by hand. */
export function createOperator(
  door: Door,
  credentials: { readonly apiKey: string; readonly privateKey: string | KeyObject },
  now: () => number = Date.now,
) {
  const { apiKey } = credentials;
  const privateKey =
    typeof credentials.privateKey === "string"
      ? createPrivateKey(credentials.privateKey)
      : credentials.privateKey;
  const { x, y } = createPublicKey(privateKey).export({ format: "jwk" });
  const jwk = { kty: "EC", crv: "P-256", x, y };

  function request(
    method: string,
    target: string,
    body?: unknown,
    change: Record<string, unknown> = {},
  ): Request {
    const [path = ""] = target.split("?");
    const claims = { ...claimsFor(apiKey, method, path, now()), ...change };
    const headers = { authorization: `DPoP ${apiKey}`, dpop: signedProof(privateKey, jwk, claims) };
    const url = `${BASE}${target}`;
    if (body === undefined) return { url, method, headers };
    const typed = { ...headers, "content-type": "application/json" };
    return { url, method, headers: typed, body: typeof body === "string" ? body : JSON.stringify(body) };
  }

  return {
    request,
    ask: (method: string, target: string, body?: unknown, change?: Record<string, unknown>) =>
      ask(door, request(method, target, body, change)),
    approve: (approvalId: string, query = "") =>
      ask(door, request("POST", `/v1/approvals/${approvalId}/approve${query}`)),
    deny: (approvalId: string, body?: unknown) =>
      ask(door, request("POST", `/v1/approvals/${approvalId}/deny`, body)),
    detail: (approvalId: string) => ask(door, request("GET", `/v1/approvals/${approvalId}`)),
  };
}
