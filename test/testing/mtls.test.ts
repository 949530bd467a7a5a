import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { afterEach, beforeAll, expect, test } from "vitest";
import { LatchGateOperator } from "../../src/operator.ts";
import { type AdminTls, type GateServer, MockGate, type MockGateOptions } from "../../src/testing/index.ts";
import { type Certificate, clientCertificates } from "../support/client-certificates.ts";
import { claimsFor, createAgent, signedProof } from "./by-hand.ts";

let made: ReturnType<typeof clientCertificates>;
beforeAll(() => {
  made = clientCertificates();
});

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

async function behindCertificates(more: Partial<AdminTls> = {}, options: MockGateOptions = {}) {
  const gate = new MockGate(options);
  const server = await gate.listen({ adminPort: 0, tls: { ca: made.ca, ...made.gate, ...more } });
  cleanup.push(() => server.close());
  return { gate, server };
}

const VERSIONS = ["TLSv1.3", "TLSv1.2"] as const;
type Version = (typeof VERSIONS)[number];

/** A bare node:https client: the status, or the alert's number, or the error's code. */
function ask(
  server: GateServer,
  certificate: Certificate | undefined,
  {
    version,
    body = "",
    agent = false,
    ciphers,
  }: { version?: Version; body?: string; agent?: Agent | false; ciphers?: string } = {},
): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(
      {
        ...{ host: "127.0.0.1", port: server.adminPort, path: "/healthz", ca: made.ca, agent },
        ...certificate,
        ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
        ...(ciphers === undefined ? {} : { ciphers }),
        method: body === "" ? "GET" : "POST",
      },
      (response) => {
        response.resume();
        response.on("end", () => resolve(String(response.statusCode)));
      },
    );
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const alert = /SSL alert number (\d+)/.exec(error.message)?.[1];
      resolve(alert === undefined ? String(error.code) : `alert ${alert}`);
    });
    sent.end(body);
  });
}

test("a client with a certificate of the CA is served, over TLS 1.2 and 1.3, with the connection kept", async () => {
  const { gate, server } = await behindCertificates();
  expect(server.adminUrl).toBe(`https://127.0.0.1:${server.adminPort}`);
  expect(server.url).toBe("");
  for (const version of VERSIONS) expect(await ask(server, made.good, { version })).toBe("200");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cleanup.push(() => agent.destroy());
  expect(await ask(server, made.good, { agent })).toBe("200");
  expect(await ask(server, made.good, { agent })).toBe("200");
  expect(Object.values(agent.freeSockets)).toHaveLength(1);
  expect(gate.received).toHaveLength(4);
});

test("an operator's client does its work there, and its proof is needed all the same", async () => {
  const { gate, server } = await behindCertificates();
  const { apiKey, privateKey, publicBaseUrl } = gate.operatorCredentials;
  const place = { baseUrl: server.adminUrl, publicBaseUrl, tls: { ca: made.ca, ...made.good } };
  await using operator = new LatchGateOperator({ ...place, apiKey, privateKey });
  expect((await operator.status()).status).toBe("ok");
  await using stranger = new LatchGateOperator({ ...place, apiKey: "key-of-nobody", privateKey });
  await expect(stranger.status()).rejects.toMatchObject({ status: 401, code: "unauthorized" });
});

test("a client that goes away while its approve runs leaves the claim and the effect, and no record", async () => {
  let began = () => {};
  const running = new Promise<void>((resolve) => {
    began = resolve;
  });
  const run = (_: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve) => {
      began();
      signal.addEventListener("abort", () => resolve({ ok: true }));
    });
  const { gate, server } = await behindCertificates({}, { actions: { slow: { riskLevel: "high", run } } });
  const held = await (await createAgent(gate.send)).execute("slow", {});
  const { apiKey, privateKey: pem } = gate.operatorCredentials;
  const path = `/v1/approvals/${held.json.approval_id}/approve`;
  const privateKey = createPrivateKey(pem);
  const { kty, crv, x, y } = privateKey.export({ format: "jwk" });
  const proof = signedProof(privateKey, { kty, crv, x, y }, claimsFor(apiKey, "POST", path, gate.now()));
  const sent = request({
    ...{ host: "127.0.0.1", port: server.adminPort, ca: made.ca, ...made.good, agent: false },
    ...{ method: "POST", path, headers: { authorization: `DPoP ${apiKey}`, dpop: proof } },
  });
  sent.on("error", () => {});
  sent.end();
  await running;
  sent.destroy();
  while (gate.effects[0]?.ending === "running") await new Promise((resolve) => setTimeout(resolve, 1));
  expect(gate.effects).toMatchObject([{ actionId: "slow", by: "approved", ending: "dropped" }]);
  expect(gate.approvals).toMatchObject([{ state: "claimed" }]);
  const calls = gate.auditEvents.filter(({ event_type }) => event_type === "action_call");
  expect(calls.map(({ decision }) => decision)).toEqual(["pending_approval"]);
});

/** What a gate was seen to do, per kind of certificate and version: its alert's number. */
function recordedAlerts(): Map<string, string> {
  const file = new URL("../recordings/mtls.json", import.meta.url);
  const { exchanges } = JSON.parse(readFileSync(file, "utf8")) as {
    exchanges: { id: string; seen?: { error: { message: string } }[] }[];
  };
  return new Map(
    exchanges.flatMap(({ id, seen = [] }) => {
      const alert = seen
        .map(({ error }) => /SSL alert number (\d+)/.exec(error.message)?.[1])
        .find((number) => number !== undefined);
      return alert === undefined ? [] : [[id.replace(/^refused\.(post-)?/, ""), `alert ${alert}`] as const];
    }),
  );
}

test("none, another CA's, an expired one and one for servers are the alerts that a gate was recorded to send", async () => {
  const { gate, server } = await behindCertificates();
  const recorded = recordedAlerts();
  const cases: Record<string, Certificate | undefined> = {
    "no-certificate": undefined,
    "other-ca": made.otherCa,
    "not-for-clients": made.serverOnly,
  };
  let compared = 0;
  for (const version of VERSIONS) {
    for (const [name, certificate] of Object.entries(cases)) {
      expect([name, version, await ask(server, certificate, { version })]).toEqual([
        name,
        version,
        recorded.get(`${name}-${version}`),
      ]);
      compared += 1;
    }
    expect(await ask(server, made.expired, { version })).toBe("alert 45");
  }
  expect(compared).toBe(6);
  expect(gate.received).toEqual([]);
});

test("the alert is read under every cipher of TLS 1.3, and by a client that has already sent 100 kB", async () => {
  const { server } = await behindCertificates();
  for (const ciphers of [
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
  ]) {
    expect(await ask(server, made.otherCa, { version: "TLSv1.3", ciphers })).toBe("alert 48");
  }
  expect(await ask(server, undefined, { body: "x".repeat(100_000) })).toBe("alert 116");
});

test("an unlisted certificate is a close after the handshake, with no answer", async () => {
  const listed = new X509Certificate(made.good.cert).fingerprint256.replaceAll(":", "").toLowerCase();
  const open = await behindCertificates({ allowedFingerprints: [listed] });
  expect(await ask(open.server, made.good)).toBe("200");
  const shut = await behindCertificates({ allowedFingerprints: ["00".repeat(32)] });
  for (const version of VERSIONS) {
    expect(await ask(shut.server, made.good, { version })).toBe("ECONNRESET");
    const shaken = await new Promise<string[]>((resolve) => {
      const heard: string[] = [];
      const socket = connect({
        ...{ host: "127.0.0.1", port: shut.server.adminPort, ca: made.ca, ...made.good },
        ...{ minVersion: version, maxVersion: version },
      });
      socket.on("secureConnect", () => heard.push("handshake"));
      socket.on("data", () => heard.push("answer"));
      socket.on("error", () => {});
      socket.on("close", () => resolve(heard));
    });
    expect(shaken).toEqual(["handshake"]);
  }
  expect(shut.gate.received).toEqual([]);
});

test("TLS 1.1, and plain HTTP to the TLS port, are refused", async () => {
  const { server } = await behindCertificates();
  const old = await new Promise<string>((resolve) => {
    const socket = connect({
      ...{ host: "127.0.0.1", port: server.adminPort, ca: made.ca, ...made.good },
      ...{ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    });
    socket.on("error", (error) => resolve(error.message));
    socket.on("secureConnect", () => resolve("taken"));
  });
  expect(old).toMatch(/alert (protocol version|handshake failure)/);
  const code = await new Promise((resolve) => {
    const sent = plainRequest({ host: "127.0.0.1", port: server.adminPort, path: "/healthz" });
    sent.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    sent.on("response", () => resolve("answered"));
    sent.end();
  });
  expect(code).toBe("HPE_INVALID_CONSTANT");
});

test("wrong files of the gate's own are said at the start", async () => {
  const gate = new MockGate();
  const tls = { ca: made.ca, cert: made.gate.cert, key: made.good.key };
  await expect(gate.listen({ adminPort: 0, tls })).rejects.toThrow(/key values mismatch/);
  await expect(gate.listen({ port: 0, tls: { ca: made.ca, ...made.gate } })).rejects.toThrow("no adminPort");
});

test("closing ends at once, with a kept connection and a request that hangs", async () => {
  const { gate, server } = await behindCertificates();
  const agent = new Agent({ keepAlive: true });
  cleanup.push(() => agent.destroy());
  await ask(server, made.good, { agent });
  gate.fault("getHealth", { kind: "hang", when: "unread" });
  const hanging = ask(server, made.good);
  while (gate.received.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  const began = performance.now();
  await server.close();
  expect(await hanging).toBe("ECONNRESET");
  expect(performance.now() - began).toBeLessThan(500);
});

test("a lost or cut answer is a broken connection here too", async () => {
  const { gate, server } = await behindCertificates();
  for (const fault of [{ kind: "refuse" }, { kind: "reset", when: "answered" }] as const) {
    gate.fault("getHealth", fault);
    expect(await ask(server, made.good)).toBe("ECONNRESET");
  }
});
