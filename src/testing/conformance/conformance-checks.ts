import { createHash } from "node:crypto";
import { inspect } from "node:util";
import type { Fault } from "../stores/faults.ts";
import {
  begin,
  type Check,
  demand,
  executes,
  hold,
  jtis,
  judge,
  received,
  type Scene,
  tellOf,
} from "./conforming.ts";

/** A call that meets faults, one after the other, and must not run twice. */
function once(faults: readonly Fault[], action = "act"): Check {
  return async (scene) => {
    await begin(scene);
    for (const fault of faults) scene.gate.fault("executeAction", fault);
    const told = await tellOf(scene.client.execute(action, { marker: "once" }, { timeoutMs: 500 }));
    // Copies that are still under way arrive.
    await new Promise((resolve) => setTimeout(resolve, 50));
    judge(scene, told, "once");
    demand(jtis(scene).size <= 2, "a new proof was signed for a call that may have run");
  };
}

/** The first call's proof: what is in it. */
const proofOf = async (scene: Scene) => {
  await scene.client.connect();
  await tellOf(scene.client.execute("act", { marker: "proof" }));
  const [request] = executes(scene);
  demand(request !== undefined, "no execute came to the gate");
  return request;
};

const status = (code: number, error?: string): Fault =>
  error === undefined
    ? { kind: "garbage", status: code }
    : {
        kind: "garbage",
        status: code,
        contentType: "application/json",
        body: JSON.stringify({ error }),
      };

/** Every check, by what must be true of a client. */
export const CHECKS = {
  "a request is signed": async (scene) => {
    const { headers, proof } = await proofOf(scene);
    demand(headers["authorization"]?.startsWith("DPoP ") === true, "no lease is sent, or not as DPoP");
    demand(proof !== undefined, "no proof is sent");
  },

  "a proof names its method": async (scene) => {
    const { proof } = await proofOf(scene);
    demand(proof?.htm === undefined || proof.htm === "POST", `htm is ${proof?.htm} in the proof of a POST`);
  },

  "a proof names the gate's public URL": async (scene) => {
    const { proof, path } = await proofOf(scene);
    const htu = `${scene.gate.publicBaseUrl}${path}`;
    demand(proof?.htu === undefined || proof.htu === htu, `htu is ${proof?.htu}, not ${htu}`);
  },

  "a proof is bound to its lease": async (scene) => {
    const { proof, headers } = await proofOf(scene);
    const token = headers["authorization"]?.slice("DPoP ".length) ?? "";
    const ath = createHash("sha256").update(token).digest("base64url");
    demand(proof === undefined || proof.ath === ath, "ath is not the hash of the lease");
  },

  "each call has a proof of its own": async (scene) => {
    await begin(scene);
    await tellOf(scene.client.execute("act", { marker: "second" }));
    demand(jtis(scene).size >= 2, "two calls were made with one jti");
  },

  "parameters arrive as they were given": async (scene) => {
    const params = { marker: "body", text: "ü", list: [1, 2] };
    await scene.client.connect();
    await tellOf(scene.client.execute("act", params));
    demand(
      executes(scene).every(({ body }) => body === JSON.stringify(params)),
      "the body is not the parameters",
    );
  },

  "a call that is made again is signed anew": async (scene) => {
    await begin(scene);
    scene.gate.fault("executeAction", { kind: "answer", status: 503, code: "store_unavailable" });
    judge(scene, await tellOf(scene.client.execute("act", { marker: "again" })), "again");
    demand(jtis(scene).size === executes(scene).length, "a proof was used for two attempts");
  },

  "a lost call may have run, and is not signed afresh": once([{ kind: "reset", when: "answered" }]),
  "a call lost while it runs is not signed afresh": once([{ kind: "reset", when: "running" }]),
  "a lost call stays unknown when its second copy is throttled": once([
    { kind: "reset", when: "answered" },
    { kind: "answer", status: 429, code: "rate_limited" },
  ]),
  "a replayed proof is not signed afresh": once([{ kind: "duplicate", hears: "second" }]),
  "a 500 is not repeated": once([status(500, "internal_error")]),
  "a 502 is not repeated": once([], "break"),
  "a 422 is not repeated": once([], "stray"),
  "a timeout is not repeated": once([{ kind: "hang", when: "answered" }]),

  "a page of HTML is no result": async (scene) => {
    await begin(scene);
    scene.gate.fault("executeAction", { kind: "garbage" });
    const told = await tellOf(scene.client.execute("act", { marker: "html" }));
    demand("error" in told, "HTML with status 200 was taken for a result");
    judge(scene, told, "html");
  },

  "half an answer is no result": async (scene) => {
    await begin(scene);
    scene.gate.fault("executeAction", { kind: "truncate" });
    const told = await tellOf(scene.client.execute("act", { marker: "half" }));
    demand("error" in told, "an answer that broke off was taken for a result");
    judge(scene, told, "half");
  },

  "ok: false is no success": async (scene) => {
    await scene.client.connect();
    const told = await tellOf(scene.client.execute("fail", { marker: "fail" }));
    demand("error" in told || !told.value.ok, "an output that says ok: false was reported as success");
  },

  "a redirect is not followed": async (scene) => {
    await begin(scene);
    const headers = { location: "/v1/elsewhere" };
    scene.gate.fault("executeAction", { kind: "answer", status: 307, headers });
    await tellOf(scene.client.execute("act", { marker: "redirect" }));
    demand(
      scene.sent.every(({ path }) => path !== "/v1/elsewhere"),
      "a redirect was followed, with lease and proof",
    );
  },

  "Retry-After is waited for": async (scene) => {
    await begin(scene);
    const headers = { "retry-after": "1" };
    scene.gate.fault("executeAction", { kind: "answer", status: 429, code: "rate_limited", headers });
    await tellOf(scene.client.execute("act", { marker: "throttled" }));
    const [throttled, again] = scene.sent.filter(({ path }) => path.endsWith("/execute")).slice(1);
    const waited = again === undefined || throttled === undefined ? 1_000 : again.at - throttled.at;
    demand(waited >= 950, `asked to wait 1 s, the client waited ${Math.round(waited)} ms`);
  },

  "an abort ends a call": async (scene) => {
    await begin(scene);
    scene.gate.fault("executeAction", { kind: "hang", when: "answered" });
    const controller = new AbortController();
    const { signal } = controller;
    const call = tellOf(scene.client.execute("act", { marker: "abort" }, { signal }));
    setTimeout(() => controller.abort(), 30);
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1_000));
    const told = await Promise.race([call, late]);
    demand(told !== undefined, "the call goes on a second after its abort");
    judge(scene, told, "abort");
  },

  "an ended lease is renewed, and the budget stays": async (scene) => {
    await begin(scene, { maxCalls: 3 });
    scene.gate.advance(400_000);
    judge(scene, await tellOf(scene.client.execute("act", { marker: "renewed" })), "renewed");
    const asked = received(scene, "createLease")
      .slice(1)
      .map(({ body }) => leaseBody(body).budgets?.max_calls);
    demand(
      asked.every((calls) => calls !== undefined && calls <= 2),
      `2 calls were left, and ${asked.join()} were asked for`,
    );
  },

  "an ended lease is renewed, and the scopes stay": async (scene) => {
    const scopes = ["tools:call", "audit:read"];
    await begin(scene, { scopes });
    scene.gate.advance(400_000);
    await tellOf(scene.client.execute("act", { marker: "renewed" }));
    const asked = received(scene, "createLease").map(({ body }) => leaseBody(body).scopes.join());
    demand(
      asked.every((list) => list === scopes.join()),
      `scopes were asked for as ${asked.join(" then ")}`,
    );
  },

  "a restarted gate is asked for a new lease": async (scene) => {
    await begin(scene);
    scene.gate.restart();
    const told = await tellOf(scene.client.execute("act", { marker: "restart" }));
    demand("value" in told, "a gate that has forgotten the lease is not asked for a new one");
    judge(scene, told, "restart");
  },

  "parallel calls share a lease": async (scene) => {
    await begin(scene);
    scene.gate.advance(400_000);
    const before = received(scene, "createLease").length;
    await Promise.all([1, 2, 3].map((n) => tellOf(scene.client.execute("act", { marker: `parallel ${n}` }))));
    const taken = received(scene, "createLease").length - before;
    demand(taken <= 1, `three calls at once took ${taken} leases`);
  },

  "a held call is no result": async (scene) => {
    await scene.client.connect();
    const told = await tellOf(scene.client.execute("risky", { marker: "held" }));
    demand("error" in told, "a call that an operator is to decide about was taken for done");
  },

  "an approval is polled with the session that opened it": async (scene) => {
    const approvalId = await hold(scene);
    await scene.client.connect();
    await scene.client.getApprovalStatus(approvalId).catch(() => {});
    const owner = scene.gate.approvals[0]?.sessionId;
    demand(
      received(scene, "pollApproval").every(({ sessionId }) => sessionId === owner),
      "an approval was polled with a session that may not see it",
    );
  },

  "an approved call is not executed again": async (scene) => {
    const approvalId = await hold(scene);
    await scene.gate.approve(approvalId);
    const answer = await scene.client.getApprovalStatus(approvalId);
    demand(answer.status === "approved", `an approved call is said to be ${answer.status}`);
    demand(executes(scene).length === 1, "the call was sent again, though the gate had executed it");
  },

  "a call with the same callId is the same call": async (scene) => {
    await scene.client.connect();
    const options = { callId: "the-same" };
    for (let run = 0; run < 2; run += 1)
      await tellOf(scene.client.execute("act", { marker: "same" }, options));
    demand(scene.gate.effects.length === 1, `two runs of one call ran ${scene.gate.effects.length} times`);
  },

  "no error holds a secret": async (scene) => {
    await begin(scene);
    scene.gate.revoke("dev:anonymous", ["act"]);
    const told = await tellOf(scene.client.execute("act", { marker: "secret" }));
    demand("error" in told, "a call that the policy denies gives a result");
    const { error } = told;
    const text = `${inspect(error, { depth: null, showHidden: true })}${String(error)}${JSON.stringify(error)}`;
    const secrets = executes(scene).flatMap(({ headers }) => [
      headers["authorization"]?.slice(5),
      headers["dpop"],
    ]);
    demand(
      secrets.every((secret) => secret === undefined || secret === "" || !text.includes(secret)),
      "an error holds the lease or a proof",
    );
  },
} satisfies Record<string, Check>;

/**
 * What is checked.
 * @useDeclaredType
 */
export type CheckName = keyof typeof CHECKS;

const leaseBody = (body: string) =>
  JSON.parse(body) as { scopes: string[]; budgets?: { max_calls?: number } };
