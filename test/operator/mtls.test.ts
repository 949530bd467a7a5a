import { createHash, X509Certificate } from "node:crypto";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import tls from "node:tls";
import { inspect } from "node:util";
import { MockGate } from "latchgate-client/testing";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  type CarrierName,
  createTransport,
  LatchGateApprovalRequired,
  LatchGateClient,
} from "../../src/index.ts";
import { type LatchGateError, LatchGateOperator, LatchGateTransportError } from "../../src/operator.ts";
import { createCertificateAlerts } from "../../src/wire/client-certificate.ts";
import { type Certificate, clientCertificates } from "../support/client-certificates.ts";
import { failure } from "./world.ts";

let made: ReturnType<typeof clientCertificates>;
beforeAll(() => {
  made = clientCertificates();
});

const fingerprint = ({ cert }: Certificate) =>
  createHash("sha256").update(new X509Certificate(cert).raw).digest("hex");

/** A gate whose operators' port takes client certificates, an agent in process, and an operator with a certificate. */
async function behindTls(
  own: Certificate | undefined,
  allowedFingerprints?: string[],
  carrier: CarrierName = "undici",
) {
  const gate = new MockGate({
    rateLimits: false,
    actions: { risky: { riskLevel: "high", run: () => ({ ok: true }) } },
  });
  const { cert, key } = made.gate;
  const adminTls = { ca: made.ca, cert, key, ...(allowedFingerprints && { allowedFingerprints }) };
  const server = await gate.listen({ adminPort: 0, tls: adminTls });
  const { apiKey, privateKey } = gate.operatorCredentials;
  const operator = new LatchGateOperator({
    apiKey,
    privateKey,
    baseUrl: server.adminUrl,
    tls: { ca: made.ca, ...own },
    carrier,
  });
  onTestFinished(async () => {
    await operator.close();
    await server.close();
  });
  const agent = new LatchGateClient({ fetch: gate.fetch, agentId: "t" });
  const hold = async () => {
    const held = await agent.execute("risky").catch((error: unknown) => error);
    if (!(held instanceof LatchGateApprovalRequired)) throw held;
    return held.approvalId;
  };
  return { gate, operator, hold };
}

describe.each([
  ["TLSv1.3", "undici"],
  ["TLSv1.2", "undici"],
  ["TLSv1.3", "node:http"],
  ["TLSv1.2", "node:http"],
] as const)("behind client certificates, with %s by %s", (version, carrier) => {
  const { DEFAULT_MAX_VERSION } = tls;
  beforeAll(() => {
    tls.DEFAULT_MAX_VERSION = version;
  });
  afterAll(() => {
    tls.DEFAULT_MAX_VERSION = DEFAULT_MAX_VERSION;
  });

  it("an operator with a good one decides", async () => {
    const { gate, operator, hold } = await behindTls(made.good, undefined, carrier);
    expect(await operator.approvals.approve(await hold())).toMatchObject({ decision: "executed" });
    expect((await operator.status()).status).toBe("ok");
    expect(gate.effects).toHaveLength(1);
  });

  it.each([
    ["none", () => undefined, /wants a client certificate: give tls\.cert and tls\.key/],
    ["one of another CA", () => made.otherCa, /CN=stranger.*does not know its CA/],
    ["an expired one", () => made.expired, /CN=expired \(valid to .*has expired/],
    ["one for servers", () => made.serverOnly, /CN=server-only.*not meant for clients/],
  ])("with %s nothing is done, nothing is sent again, and the reason is said", async (_, own, message) => {
    const { gate, operator } = await behindTls(own(), undefined, carrier);
    // A write: were it taken for lost after sending, it would be of unknown outcome.
    const error = (await failure(operator.revokeAll())) as LatchGateError;
    expect(error).toBeInstanceOf(LatchGateTransportError);
    expect(error).toMatchObject({ code: "client_certificate_refused", outcome: "not_executed", attempts: 1 });
    expect(error.message).toMatch(message);
    expect(gate.received).toEqual([]);
    const read = (await failure(operator.status())) as LatchGateError;
    expect(read).toMatchObject({ code: "client_certificate_refused", attempts: 1 });
  });

  it("with one that is not listed the connection closes without a word: unknown, with a hint", async () => {
    const { operator } = await behindTls(made.good, ["0".repeat(64)], carrier);
    const error = (await failure(operator.revokeAll())) as LatchGateError;
    expect(error).toMatchObject({ code: "lost", outcome: "unknown" });
    expect(error.hint).toMatch(/admin_tls_allowed_fingerprints/);
    const listed = await behindTls(made.good, [fingerprint(made.good)], carrier);
    expect((await listed.operator.status()).status).toBe("ok");
  });

  it("a connection that is lost within an answer is lost, and no certificate is blamed", async () => {
    const { gate, operator } = await behindTls(made.good, undefined, carrier);
    gate.fault("revokeAll", { kind: "truncate" });
    const error = (await failure(operator.revokeAll())) as LatchGateError;
    expect(error).toMatchObject({ code: "lost", outcome: "unknown", hint: undefined });
  });

  it("a gate of another CA is not talked to", async () => {
    const { gate, operator } = await behindTls(made.good, undefined, carrier);
    const wrong = new LatchGateOperator({
      ...gate.operatorCredentials,
      baseUrl: inspect(operator).match(/https:[^']+/)?.[0] ?? "",
      tls: { ca: made.otherCa.cert, ...made.good },
      carrier,
    });
    onTestFinished(() => wrong.close());
    expect(await failure(wrong.revokeAll())).toMatchObject({
      code: "certificate_refused",
      outcome: "not_executed",
    });
  });
});

describe("a certificate that can't be used is refused before the first connection:", () => {
  const options = { ...new MockGate().operatorCredentials, baseUrl: "https://localhost:1" };
  it.each([
    ["another's key", () => ({ cert: made.good.cert, key: made.otherCa.key }), /not the key of tls\.cert/],
    ["text for a certificate", () => ({ cert: "nonsense", key: made.good.key }), /can't be read as PEM/],
    ["text for a key", () => ({ cert: made.good.cert, key: "nonsense" }), /can't be read as PEM/],
    ["a certificate without its key", () => ({ cert: made.good.cert }), /go together/],
  ])("%s", (_, own, message) => {
    let error: unknown;
    try {
      new LatchGateOperator({ ...options, tls: { ca: made.ca, ...own() } });
    } catch (caught) {
      error = caught;
    }
    expect(error).toMatchObject({ code: "invalid_options", outcome: "not_executed" });
    expect((error as Error).message).toMatch(message);
    expect(inspect(error, { depth: 9 })).not.toContain(made.good.key.split("\n")[1]);
  });

  it("and tls needs an https URL", () => {
    expect(
      () => new LatchGateOperator({ ...options, baseUrl: "http://localhost:1", tls: { ca: made.ca } }),
    ).toThrow(/https/);
  });
});

it("a transport that is printed shows no private key", () => {
  const { cert, key } = made.gate;
  const transport = createTransport({ baseUrl: "https://127.0.0.1:9", tls: { ca: made.ca, cert, key } });
  const shown = [inspect(transport, { depth: null, showHidden: true }), JSON.stringify(transport)].join("\n");
  expect(shown).not.toContain("PRIVATE KEY");
});

it.each(["SSLV3", "SSL/TLS"])("an alert is known by the name that OpenSSL gives it: %s", (name) => {
  const refusal = (alert: string) =>
    createCertificateAlerts(undefined).refusal({ code: `ERR_SSL_${name}_ALERT_${alert}` });
  expect(refusal("CERTIFICATE_EXPIRED")).toMatch(/has expired/);
  expect(refusal("UNSUPPORTED_CERTIFICATE")).toMatch(/not meant for clients/);
  expect(refusal("HANDSHAKE_FAILURE")).toBeUndefined();
});

it("an alert is not blamed on a later connection that has the same port", () => {
  const { watch, refusal } = createCertificateAlerts(undefined);
  const connection = () => Object.assign(new EventEmitter(), { localPort: 40_000 }) as unknown as Socket;
  const silent = { code: "UND_ERR_SOCKET", socket: { localPort: 40_000, bytesRead: 0 } };
  const refused = connection();
  watch(refused);
  refused.emit("error", Object.assign(new Error("alert"), { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA" }));
  expect(refusal(silent)).toMatch(/does not know its CA/);
  const later = connection();
  watch(later);
  later.emit("secureConnect");
  expect(refusal(silent)).toBeUndefined();
});
