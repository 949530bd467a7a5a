import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { record } from "../scripts/record.ts";
import type { RecordedExchange } from "../scripts/recording/normalise.ts";
import { readJwt } from "../scripts/recording/stand-ins.ts";
import type { JsonObject } from "../src/documents/document.ts";
import { computeAth } from "../src/proof/dpop.ts";
import { tamperedGate } from "./check/tampered.ts";
import { createJudge } from "./documents/judge.ts";
import type { Answer } from "./documents/recordings.ts";

/** A mock gate, recorded. */
async function recorded() {
  const { gate, dir, socket, adminSocket, env } = await tamperedGate();
  const said: string[] = [];
  const write = (line: string) => void said.push(line);
  const args = ["--socket", socket, "--admin-socket", adminSocket, "--out", "mock.json"];
  const code = await record(args, { out: write, err: write, cwd: dir, env });
  const text = readFileSync(join(dir, "mock.json"), "utf8");
  const recording = JSON.parse(text) as { gate: string; operator: JsonObject; exchanges: RecordedExchange[] };
  return { gate, env, code, said, text, recording };
}

let first: ReturnType<typeof recorded> | undefined;

/** The recording that most of these tests look at. */
function theRecording() {
  first ??= recorded();
  return first;
}

describe("a recording of the mock gate", () => {
  test("is in the format of those of a gate, and has most operations in it", async () => {
    const mock = await theRecording();
    expect([mock.code, mock.said]).toEqual([
      0,
      [`${mock.recording.exchanges.length} exchanges with gate 0.2.0 in mock.json`],
    ]);
    const [exchange] = mock.recording.exchanges;
    expect(exchange).toMatchObject({
      id: "agent.health",
      socket: "agent",
      transport: "uds",
      at: "2026-01-01T00:00:00.000Z",
      ms: 0,
    });
    const sample = JSON.parse(
      readFileSync(new URL("recordings/main.json", import.meta.url), "utf8"),
    ) as typeof mock.recording;
    expect(Object.keys(exchange ?? {})).toEqual(Object.keys(sample.exchanges[0] ?? {}));
    expect(Object.keys(mock.recording.operator)).toEqual(Object.keys(sample.operator));
  });

  test("conforms to the documents in every answer", async () => {
    const mock = await theRecording();
    const judges = { agent: judge("agent"), operator: judge("operator") };
    const asked = mock.recording.exchanges.map(({ id, socket, request, response }) => {
      const operation = judges[socket].asked(request.method, request.path);
      const complaints = operation === undefined ? [] : judges[socket].answer(operation, response as Answer);
      return { id, operation: operation?.operation.id, complaints };
    });
    expect(asked.filter(({ complaints }) => complaints.length > 0)).toEqual([]);
    const operations = new Set(asked.flatMap(({ operation = [] }) => operation));
    expect(operations.size).toBeGreaterThanOrEqual(35);
    expect(asked.length).toBeGreaterThan(150);
  });

  test("changed nothing that was not put back", async () => {
    const mock = await theRecording();
    const { gate } = mock;
    expect(gate.approvals.map(({ state }) => state)).toEqual(["denied"]);
    const learned = mock.recording.exchanges.filter(
      ({ id }) => id === "operator.domains" || id === "operator.paths",
    );
    expect(learned.map(({ response }) => response.json)).toEqual([{ domains: [] }, { paths: [] }]);
  });

  test("holds no secret: no api key, no private key, no lease and no proof as it was sent", async () => {
    const mock = await theRecording();
    const { env, gate, text } = mock;
    expect(text).not.toContain(env.LATCHGATE_OPERATOR_KEY);
    const sent = gate.received.flatMap(({ headers }) => [headers["authorization"], headers["dpop"]]);
    const tokens = sent.filter((token) => token?.includes("."));
    expect(tokens.length).toBeGreaterThan(80);
    for (const token of tokens) expect(text).not.toContain(token?.split(".")[2]);
    for (const { sessionId } of gate.sessions) expect(text).not.toContain(sessionId);
  });

  test("has proofs that are right where they were, by keys that everybody can make", async () => {
    const mock = await theRecording();
    const signed = mock.recording.exchanges.filter(({ request }) =>
      request.headers["dpop"]?.startsWith("eyJ"),
    );
    for (const { request } of signed) {
      const { authorization = "", dpop = "" } = request.headers;
      const jwt = readJwt(dpop);
      expect(jwt?.ofItsKey).toBe(true);
      expect(jwt?.claims).toMatchObject({ ath: computeAth(authorization.replace(/^\w+ /, "")) });
    }
    expect(signed.length).toBeGreaterThan(40);
  });

  test("keeps equal what is equal: a lease and its session, a receipt and who reads it, an approval and its polls", async () => {
    const mock = await theRecording();
    const of = (id: string) => mock.recording.exchanges.find((exchange) => exchange.id === id);
    const lease = of("lease.ok")?.response.json as JsonObject;
    expect(of("execute.ok")?.request.headers["authorization"]).toBe(`DPoP ${String(lease["lease_jwt"])}`);
    const claims = readJwt(String(lease["lease_jwt"]))?.claims as JsonObject;
    expect(claims).toMatchObject({ session_id: lease["session_id"], jti: lease["lease_jti"] });
    const ran = of("execute.ok")?.response.json as JsonObject;
    expect(of("receipt.ok")?.response.json).toMatchObject({
      receipt_id: ran["receipt_id"],
      grant_id: ran["grant_id"],
    });
    const held = of("execute.held")?.response.json as JsonObject;
    expect(of("poll.pending")?.request.path).toBe(`/v1/approvals/${String(held["approval_id"])}/poll`);
    const replay = ["execute.once", "execute.twice"].map((id) => of(id)?.request.headers["dpop"]);
    expect(replay[0]).toBe(replay[1]);
  });

  test("of another gate of the same kind is the same, but for signatures of proofs and the second at which something was", async () => {
    const mock = await theRecording();
    expect(comparable((await recorded()).text)).toEqual(comparable(mock.text));
  });
});

const judge = (face: string) => createJudge(join(import.meta.dirname, `../openapi/${face}.yaml`));

/** Lines without what depends on chance (signatures) and on how fast this machine is (which second it was, and in how many turns). */
function comparable(text: string): string[] {
  return text
    .replaceAll(/"dpop": "[^"]*"/g, '"dpop"')
    .replaceAll(/eyJ[\w-]+\.eyJ[\w-]+\.A+/g, "lease")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g, "time")
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, "time")
    .replaceAll(/\d{10}/g, "seconds")
    .split("\n");
}
