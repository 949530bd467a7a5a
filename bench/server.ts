/** The bare server of the benchmark, in a process of its own: a lease, and an execute answer of 600 bytes. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

const LEASE_SECONDS = 3_600;

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function lease(): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: "latchgate",
    sub: "dev:anonymous",
    iat: now,
    nbf: now,
    exp: now + LEASE_SECONDS,
    session_id: SESSION,
  };
  const token = `${base64url({ typ: "JWT", alg: "ES256", kid: "0011223344556677" })}.${base64url(claims)}.${"A".repeat(86)}`;
  const expires_at = new Date((now + LEASE_SECONDS) * 1000).toISOString().replace(/\.\d+/, "");
  return JSON.stringify({ lease_jwt: token, session_id: SESSION, lease_jti: SESSION, expires_at });
}

const SESSION = "01a20b78-8f2d-7d02-a5f4-4b6bd7a3d0e1";

const answer = {
  decision: "executed",
  trace_id: SESSION,
  action_id: "http_fetch",
  grant_id: SESSION,
  receipt_id: SESSION,
  output: {
    ok: true,
    data: {
      status_code: 200,
      headers: { "content-type": "text/plain" },
      body: "",
      url: "https://example.com/",
    },
  },
  verification_outcome: "verified",
  verification: { outcome: "verified", is_fully_successful: true },
  runtime: { duration_ms: 12, exit_code: 0, fuel_consumed: 21_680 },
};
answer.output.data.body = "x".repeat(600 - JSON.stringify(answer).length);
const EXECUTED = Buffer.from(JSON.stringify(answer));

function handle(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.on("end", () => {
    const body = request.url === "/v1/leases" ? Buffer.from(lease()) : EXECUTED;
    response.writeHead(200, { "content-type": "application/json", "content-length": body.byteLength });
    response.end(body);
  });
}

const server = createServer({ keepAliveTimeout: 60_000 }, handle);
const target = process.argv[2] ?? "0";
server.listen(/^\d+$/.test(target) ? { port: Number(target), host: "127.0.0.1" } : target, () => {
  const address = server.address();
  process.send?.(
    typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : target,
  );
});
process.on("disconnect", () => process.exit());
