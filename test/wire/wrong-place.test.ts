import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LatchGateClient, LatchGateTransportError } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { CarrierName } from "../../src/wire/config.ts";
import { rejection, temporaryFolder } from "../support/bare.ts";

const CARRIERS: readonly CarrierName[] = ["undici", "node:http"];
const once = { retry: false } as const;

function clientOf(options: ConstructorParameters<typeof LatchGateClient>[0]) {
  const client = new LatchGateClient(options);
  onTestFinished(() => client.close());
  return client;
}

async function port() {
  const server = await new MockGate().listen({ port: 0 });
  onTestFinished(() => server.close());
  return new URL(server.url ?? "").port;
}

/** As `latchgate sandbox` sets it. */
function insideASandbox() {
  vi.stubEnv("LATCHGATE_URL", "unix:///run/latchgate/gate.sock");
  vi.stubEnv("HOME", "/workspace");
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe.each(CARRIERS)("a place that is no gate's, by %s", (carrier) => {
  it("a socket path that is a folder is said to be one", async () => {
    const folder = temporaryFolder();
    const error = await rejection(clientOf({ socket: folder, carrier }).health(once));
    expect(error).toBeInstanceOf(LatchGateTransportError);
    expect(error).toMatchObject({
      code: "connect_failed",
      outcome: "not_executed",
      detail: `${folder} is a folder: name the socket itself`,
    });
  });

  it("so is one that is a file", async () => {
    const socket = join(temporaryFolder(), "gate.sock");
    writeFileSync(socket, "");
    const { detail } = (await rejection(
      clientOf({ socket, carrier }).health(once),
    )) as LatchGateTransportError;
    expect(detail).toBe(`${socket} is a file, and no socket: name the socket itself`);
  });

  it("https to a plain port is said to be that, and nothing was sent", async () => {
    const baseUrl = `https://127.0.0.1:${await port()}`;
    const client = clientOf({ baseUrl, carrier, agentId: "t" });
    expect(await rejection(client.execute("http_fetch", { url: "https://x.org" }, once))).toMatchObject({
      code: "connect_failed",
      outcome: "not_executed",
      detail: `${baseUrl} answers, but not by TLS: is it a plain port (http://)?`,
    });
  });

  it("in the gate's sandbox what can't be reached from there is said to be that", async () => {
    insideASandbox();
    const sandbox =
      /\(this is the gate's sandbox: the gate is reached at \/run\/latchgate\/gate\.sock alone\)$/;
    for (const place of [
      { socket: join(temporaryFolder(), "gate-admin.sock") },
      { baseUrl: "http://no-such-host.invalid" },
    ]) {
      const { detail } = (await rejection(
        clientOf({ ...place, carrier }).health(once),
      )) as LatchGateTransportError;
      expect(detail).toMatch(sandbox);
    }
    // Its own socket may be away like any other.
    const { detail } = (await rejection(clientOf({ carrier }).health(once))) as LatchGateTransportError;
    expect(detail).not.toMatch(/sandbox/);
  });
});

it("a fetch that was given is not said to be in a sandbox", async () => {
  insideASandbox();
  const refused = async () => {
    throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" });
  };
  const { detail } = (await rejection(clientOf({ fetch: refused }).health(once))) as LatchGateTransportError;
  expect(detail).toMatch(/refused the connection: is the gate up\?$/);
});
