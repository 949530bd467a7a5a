import { describe, expect, test } from "vitest";
import { createProofVerifier } from "../../src/testing/formats/proof.ts";
import { MockGate } from "../../src/testing/index.ts";
import { ask, BASE, claimsFor, createAgent, jwkThumbprint, keyPair, signedProof } from "./by-hand.ts";
import { deliver, gateOfVectors, vectors } from "./replay/vectors.ts";

test("a lease of the recorded gate is believed by its signature, not by its kid", async () => {
  const vector = vectors.find(({ id }) => id === "valid");
  if (vector === undefined) throw new Error("no vector called valid");
  const gate = gateOfVectors(() => vector.now * 1000);
  const [header, payload = "", signature] = vector.authorization.split(".");
  const other = Buffer.from(payload, "base64url").toString().replace("agent:recorder", "agent:somebody");
  const forged = `${header}.${Buffer.from(other).toString("base64url")}.${signature}`;
  expect((await deliver(gate, { ...vector, authorization: forged })).json).toEqual({
    error: "invalid_lease",
  });
  expect((await deliver(gate, vector)).json).toEqual({ error: "action_not_found" });
});

describe("what no vector shows", () => {
  const path = "/v1/actions/fs_read/execute";

  test("the same key is told of a wrong header before it is known, and not after", async () => {
    const gate = new MockGate();
    const agent = await createAgent(gate.send);
    const send = (header: object) => {
      const claims = claimsFor(agent.token, "POST", path, Date.now());
      const dpop = signedProof(agent.privateKey, agent.jwk, claims, { ...header });
      return ask(gate.send, {
        url: BASE + path,
        method: "POST",
        headers: { authorization: `DPoP ${agent.token}`, dpop },
      });
    };
    expect((await send({ alg: "ES256", jwk: agent.jwk })).json.deny_reason).toBe(
      "typ must be 'dpop+jwt', got None",
    );
    expect((await agent.execute("fs_read", {})).json).toEqual({ error: "schema_violation" });
    expect((await send({ alg: "none" })).json).toEqual({ error: "schema_violation" });
  });

  test("a jti may be empty or 5,000 characters long, and is taken once in 180 s", async () => {
    const gate = new MockGate({ rateLimits: false, leaseTtlSeconds: 3600 });
    const agent = await createAgent(gate.send, { now: gate.now });
    for (const jti of ["", "j".repeat(5000)]) {
      const once = () => ask(gate.send, agent.request("POST", path, "{}", { jti }));
      expect((await once()).status).toBe(422);
      expect((await once()).json).toEqual({ error: "replay_detected" });
      gate.advance(179_000);
      expect((await once()).json).toEqual({ error: "replay_detected" });
      gate.advance(1_001);
      expect((await once()).json).not.toEqual({ error: "replay_detected" });
    }
  });

  test("iat counts from 60 s before to 5 s after the gate's second, both included", async () => {
    const now = 1_795_000_000_000;
    const gate = new MockGate({ now: () => now, rateLimits: false });
    const agent = await createAgent(gate.send, { now: () => now });
    const status = async (iat: number) =>
      (await ask(gate.send, agent.request("POST", path, "{}", { iat }))).status;
    expect(await status(now / 1000 - 60)).toBe(422);
    expect(await status(now / 1000 + 5)).toBe(422);
    expect(await status(now / 1000 - 61)).toBe(401);
    expect(await status(now / 1000 + 6)).toBe(401);
  });

  test("only the 256 keys used last are known", async () => {
    const now = Date.now();
    const verifier = createProofVerifier({
      publicBaseUrl: () => BASE,
      seconds: () => Math.floor(now / 1000),
    });
    const jkts: string[] = [];
    for (let count = 0; count < 257; count += 1) {
      const { privateKey, jwk } = keyPair();
      const jkt = jwkThumbprint(jwk);
      jkts.push(jkt);
      const proof = signedProof(privateKey, jwk, claimsFor("t", "POST", path, now));
      expect((await verifier.check(proof, { token: "t", jkt, method: "POST", path })).ok).toBe(true);
    }
    expect(verifier.knows(jkts[0] ?? "")).toBe(false);
    expect(verifier.knows(jkts[1] ?? "")).toBe(true);
  });

  test("a full replay store refuses everything rather than forget", async () => {
    const gate = new MockGate({ replayCapacity: 2 });
    const agent = await createAgent(gate.send);
    await agent.execute("fs_read", {});
    await agent.execute("fs_read", {});
    const third = await agent.execute("fs_read", {});
    expect([third.status, third.json]).toEqual([503, { error: "replay_cache_unavailable" }]);
    expect((await agent.poll("x")).status).toBe(401);
  });
});
