import {
  type CheckName,
  type ClientFactory,
  conformance,
  FLAWS,
  type Flaw,
  twin,
} from "latchgate-client/testing";
import { describe, expect, it } from "vitest";
import { LatchGateClient } from "../../src/index.ts";

/** The checks by which each flaw is caught. */
const CAUGHT_BY = {
  "believes a page of HTML": "a page of HTML is no result",
  "believes half an answer": "half an answer is no result",
  "calls a lost call not executed": "a lost call may have run, and is not signed afresh",
  "drops scopes at renewal": "an ended lease is renewed, and the scopes stay",
  "drops the body": "parameters arrive as they were given",
  "drops the budget at renewal": "an ended lease is renewed, and the budget stays",
  "executes again after an approval": "an approved call is not executed again",
  "executes twice with one callId": "a call with the same callId is the same call",
  "follows redirects": "a redirect is not followed",
  "forgets ath": "a proof is bound to its lease",
  "ignores Retry-After": "Retry-After is waited for",
  "keeps a dead lease": "a restarted gate is asked for a new lease",
  "polls with the new session": "an approval is polled with the session that opened it",
  "prints the lease in an error": "no error holds a secret",
  "reports ok: false as success": "ok: false is no success",
  "retries 422": "a 422 is not repeated",
  "retries 500": "a 500 is not repeated",
  "retries 502": "a 502 is not repeated",
  "retries after a timeout": "a timeout is not repeated",
  "reuses a proof on retry": "a call that is made again is signed anew",
  "signs afresh after a lost connection": "a call lost while it runs is not signed afresh",
  "signs afresh when the second copy is throttled":
    "a lost call stays unknown when its second copy is throttled",
  "signs for another method": "a proof names its method",
  "signs for the address instead of the public URL": "a proof names the gate's public URL",
  "signs nothing": "a request is signed",
  "swallows an abort": "an abort ends a call",
  "takes replay_detected as retryable": "a replayed proof is not signed afresh",
  "takes 202 as done": "a held call is no result",
  "takes two leases for parallel calls": "parallel calls share a lease",
  "uses one jti for all": "each call has a proof of its own",
} satisfies Record<Flaw, CheckName>;

const latchGateClient: ClientFactory = ({ fetch, now, baseUrl, publicBaseUrl }) => {
  const client = new LatchGateClient({ fetch, now, baseUrl, publicBaseUrl, agentId: "conformance" });
  return {
    connect: (options) => client.connect(options),
    execute: (actionId, params, options) => client.execute(actionId, params, options),
    getApprovalStatus: (approvalId) => client.getApprovalStatus(approvalId),
    close: () => client.close(),
  };
};

const failed = async (client: ClientFactory) =>
  (await conformance(client)).filter(({ passed }) => !passed).map(({ check, why }) => `${check}: ${why}`);

describe("conformance", () => {
  it("passes this package's client", async () => {
    expect(await failed(latchGateClient)).toEqual([]);
  });

  it("passes a twin without a flaw", async () => {
    expect(await failed(twin())).toEqual([]);
  });

  it("can be asked for some checks alone", async () => {
    const only: CheckName[] = ["a request is signed"];
    expect(await conformance(twin(), { only })).toEqual([
      { check: "a request is signed", passed: true, why: undefined },
    ]);
  });

  it("says of a client that does nothing why it does not pass", async () => {
    const nothing: ClientFactory = () => ({
      connect: async () => {},
      execute: async () => ({ ok: true }),
      getApprovalStatus: async () => ({ status: "approved" }),
    });
    const report = await conformance(nothing);
    expect(report.filter(({ passed, why }) => !passed && why !== undefined).length).toBeGreaterThan(20);
  });
});

describe("a twin that", () => {
  it.each(FLAWS)("%s is caught by its check", async (flaw) => {
    const report = await conformance(twin(flaw), { only: [CAUGHT_BY[flaw]] });
    expect(report).toMatchObject([{ check: CAUGHT_BY[flaw], passed: false, why: expect.any(String) }]);
  });
});
