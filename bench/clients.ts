/** The clients that are compared. Each gives one function that makes one call, and a way to end. */
import { createHash, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type ClientOptions, createAgentApi, LatchGateClient } from "latchgate-client";
import createClient from "openapi-fetch";
import { Agent, Pool } from "undici";
import type { paths } from "../src/generated/agent.ts";

export interface Target {
  readonly socket?: string;
  readonly url?: string;
}

export interface BenchClient {
  call(): Promise<unknown>;
  close(): Promise<void>;
}

const HTU = "http://localhost:3000";
const ACTION = "http_fetch";
const PATH = `/v1/actions/${ACTION}/execute`;
const PARAMS = { url: "https://example.com/", method: "GET" };

const athOf = (token: string) => createHash("sha256").update(token).digest("base64url");

/** What one would write by hand: openapi-fetch on the global fetch, and jose in a middleware. */
export async function plain(target: Target): Promise<BenchClient> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwk = await exportJWK(publicKey);
  const dispatcher = new Agent(target.socket === undefined ? {} : { connect: { socketPath: target.socket } });
  const api = createClient<paths>({
    baseUrl: target.url ?? "http://localhost",
    fetch: (request) => fetch(request, { dispatcher } as unknown as RequestInit),
  });
  const lease = await api.POST("/v1/leases", {
    body: { scopes: ["tools:call"], dpop_jwk: { kty: "EC", crv: "P-256", x: jwk.x ?? "", y: jwk.y ?? "" } },
  });
  const token = lease.data?.lease_jwt ?? "";
  api.use({
    async onRequest({ request }) {
      const proof = await new SignJWT({
        htm: request.method,
        htu: HTU + new URL(request.url).pathname,
        ath: athOf(token),
      })
        .setProtectedHeader({ typ: "dpop+jwt", alg: "ES256", jwk })
        .setJti(randomUUID())
        .setIssuedAt()
        .sign(privateKey);
      request.headers.set("Authorization", `DPoP ${token}`);
      request.headers.set("DPoP", proof);
      return request;
    },
  });
  return {
    call: () =>
      api.POST("/v1/actions/{action_id}/execute", { params: { path: { action_id: ACTION } }, body: PARAMS }),
    close: () => dispatcher.close(),
  };
}

const locate = ({ socket, url }: Target) =>
  socket === undefined ? { baseUrl: url, publicBaseUrl: HTU } : { socket };

/** This package, by its named methods, with everything switched on. */
export const execute = (target: Target) => executing(target, {});

/** The same on Node's own parser, as in the gate's sandbox. */
export const nodeHttp = (target: Target) => executing(target, { carrier: "node:http" });

async function executing(target: Target, options: ClientOptions): Promise<BenchClient> {
  const client = new LatchGateClient({
    ...locate(target),
    ...options,
    agentId: "bench",
    lease: { maxCalls: 1_000_000_000 },
  });
  await client.connect();
  return { call: () => client.execute(ACTION, PARAMS), close: () => client.close() };
}

/** This package, by its low-level typed client. */
export async function api(target: Target): Promise<BenchClient> {
  const client = createAgentApi(locate(target));
  return {
    call: () =>
      client.POST("/v1/actions/{action_id}/execute", {
        params: { path: { action_id: ACTION } },
        body: PARAMS,
      }),
    close: () => client.close(),
  };
}

/** The practical limit: a bare undici dispatch, a synchronous proof, JSON.parse, and nothing else. */
export async function limit(target: Target): Promise<BenchClient> {
  const pool = new Pool(
    target.url ?? "http://localhost",
    target.socket === undefined ? {} : { connect: { socketPath: target.socket } },
  );
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
  const header = Buffer.from(
    JSON.stringify({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } }),
  ).toString("base64url");
  const send = (path: string, headers: Record<string, string>, body: string) =>
    new Promise<{ lease_jwt: string }>((resolve, reject) => {
      const chunks: Buffer[] = [];
      pool.dispatch(
        { path, method: "POST", headers, body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData(_controller, chunk) {
            chunks.push(chunk);
          },
          onResponseEnd() {
            resolve(JSON.parse(Buffer.concat(chunks).toString()));
          },
          onResponseError(_controller, error) {
            reject(error);
          },
        },
      );
    });
  const { lease_jwt: token } = await send(
    "/v1/leases",
    { "content-type": "application/json" },
    JSON.stringify({ scopes: ["tools:call"], dpop_jwk: { kty, crv, x, y } }),
  );
  const ath = athOf(token);
  const proof = () => {
    const claims = JSON.stringify({
      jti: randomUUID(),
      htm: "POST",
      htu: HTU + PATH,
      iat: Math.floor(Date.now() / 1000),
      ath,
    });
    const input = `${header}.${Buffer.from(claims).toString("base64url")}`;
    return `${input}.${sign("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };
  return {
    call: () =>
      send(
        PATH,
        { Authorization: `DPoP ${token}`, DPoP: proof(), "content-type": "application/json" },
        JSON.stringify(PARAMS),
      ),
    close: () => pool.close(),
  };
}

export const CLIENTS = { plain, execute, nodeHttp, api, limit };
export type ClientName = keyof typeof CLIENTS;
