import { LatchGateAuthError, LatchGateClient, LatchGateNotFound } from "latchgate-client";
import { createOperatorApi, LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { rejection, temporaryFolder } from "../support/bare.ts";

const NOBODYS = "00000000-0000-7000-8000-000000000000";

async function sockets(publicBaseUrl = "http://localhost:3000") {
  const gate = new MockGate({ publicBaseUrl });
  const server = await gate.listen({ dir: temporaryFolder() });
  onTestFinished(() => server.close());
  return { gate, client: server.socket ?? "", admin: server.adminSocket ?? "" };
}

function operatorOn(socket: string, gate: MockGate) {
  const operator = new LatchGateOperator({ ...gate.operatorCredentials, socket });
  onTestFinished(() => operator.close());
  return operator;
}

function agentOn(socket: string) {
  const client = new LatchGateClient({ socket, agentId: "t" });
  onTestFinished(() => client.close());
  return client;
}

const CLIENTS_SOCKET = /^this is the client's socket or port/;

describe("an operator's client on the client's socket", () => {
  it.each([
    ["lists", (operator: LatchGateOperator) => operator.approvals.list()],
    ["asks how the gate is", (operator: LatchGateOperator) => operator.status()],
    [
      "reads the ledger",
      async (operator: LatchGateOperator) => {
        for await (const _ of operator.audit.events()) break;
      },
    ],
    [
      "watches",
      async (operator: LatchGateOperator) => {
        for await (const _ of operator.approvals.watch()) break;
      },
    ],
  ])("hears so when it %s", async (_what, act) => {
    const { gate, client } = await sockets();
    const error = await rejection(act(operatorOn(client, gate)));
    expect(error).toBeInstanceOf(LatchGateNotFound);
    expect(error).toMatchObject({
      code: "wrong_socket",
      outcome: "not_executed",
      message: expect.stringMatching(/^not found: .* \(this is not the operators' socket\)$/),
      hint: expect.stringMatching(CLIENTS_SOCKET),
    });
  });

  it("hears so of a receipt, for which that socket asks a lease", async () => {
    const { gate, client } = await sockets();
    const error = await rejection(operatorOn(client, gate).receipt(NOBODYS));
    expect(error).toBeInstanceOf(LatchGateAuthError);
    expect(error).toMatchObject({ hint: expect.stringMatching(CLIENTS_SOCKET) });
  });

  it("hears that it may be so of one approval, which the operators' socket answers alike", async () => {
    const { gate, client, admin } = await sockets();
    for (const socket of [client, admin])
      for (const act of [
        operatorOn(socket, gate).approvals.get(NOBODYS),
        operatorOn(socket, gate).approvals.approve(NOBODYS),
      ])
        expect(await rejection(act)).toMatchObject({
          code: "unexpected_status_404",
          outcome: "not_executed",
          hint: expect.stringMatching(/no such approval.* or this is the client's socket/),
        });
  });

  it("hears so of a write, whose outcome stays unknown: something between may have answered so", async () => {
    const { gate, client } = await sockets();
    const operator = operatorOn(client, gate);
    const hint = expect.stringMatching(CLIENTS_SOCKET);
    expect(await rejection(operator.drain())).toMatchObject({
      ...{ code: "wrong_socket", outcome: "unknown", hint },
      message: expect.stringMatching(/^the gate answered 404: /),
    });
    expect(await rejection(operator.approvals.deny(NOBODYS))).toMatchObject({ code: "wrong_socket", hint });
  });

  it("has the answer itself from the low-level client", async () => {
    const { gate, client } = await sockets();
    const api = createOperatorApi({ ...gate.operatorCredentials, socket: client });
    onTestFinished(() => api.close());
    expect((await api.GET("/v1/admin/status")).response.status).toBe(404);
  });
});

describe("an agent's client on the operators' socket", () => {
  it("hears so of a receipt, the one thing that differs there", async () => {
    const { admin } = await sockets();
    expect(await rejection(agentOn(admin).getReceipt(NOBODYS))).toMatchObject({
      code: "unauthorized",
      outcome: "not_executed",
      hint: "this is the operators' socket, where a lease reads no receipt: name the client's (gate.sock)",
    });
  });

  it("and on its own socket nothing of the kind", async () => {
    const { client } = await sockets();
    const error = await rejection(agentOn(client).getReceipt(NOBODYS));
    expect(error).toBeInstanceOf(LatchGateNotFound);
    expect((error as LatchGateNotFound).hint ?? "").not.toMatch(/socket/);
  });
});

describe("in the gate's sandbox", () => {
  function insideASandbox() {
    vi.stubEnv("LATCHGATE_URL", "unix:///run/latchgate/gate.sock");
    vi.stubEnv("HOME", "/workspace");
    onTestFinished(() => void vi.unstubAllEnvs());
  }

  it("a refused htu says how the gate's own URL is let in, and outside it does not", async () => {
    const { client } = await sockets("https://gate.example");
    const act = () => agentOn(client).execute("http_fetch", { url: "https://httpbin.org/get" });
    expect(await rejection(act())).toMatchObject({
      code: "invalid_dpop",
      hint: expect.stringMatching(/for https:\/\/gate\.example\/.* give it as publicBaseUrl$/),
    });
    insideASandbox();
    expect(await rejection(act())).toMatchObject({
      hint: expect.stringMatching(/let it into this sandbox as LATCHGATE_PUBLIC_URL, by pass_env/),
    });
  });

  it("an operator hears that there is no other socket, and no credentials", async () => {
    const { gate, client } = await sockets();
    insideASandbox();
    expect(await rejection(operatorOn(client, gate).status())).toMatchObject({
      hint: expect.stringMatching(/there is no other in the gate's sandbox, so decide outside$/),
    });
    const env = { LATCHGATE_URL: process.env["LATCHGATE_URL"], HOME: "/workspace" };
    expect(await rejection(LatchGateOperator.discover({ cwd: temporaryFolder(), env }))).toMatchObject({
      code: "no_credentials",
      hint: "this is the gate's sandbox, where there is no operators' socket: decide outside",
    });
  });
});
