import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientOptions, defaultSocket, findGate, type ReceiptKeys } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";

/** A gate to run an example against: the one that a client finds by itself, or else a mock gate on a Unix socket of its own. */
export interface ExampleGate extends AsyncDisposable {
  readonly options: ClientOptions;
  /** One line that says which gate it is. */
  readonly description: string;
  /** What an operator would have handed out; a real gate gives an agent no receipt keys. */
  readonly receiptKeys: ReceiptKeys | undefined;
  /** An operator of this gate; a real one's credentials are found as the gate's own command finds them. */
  operator(): Promise<LatchGateOperator>;
}

export async function exampleGate(): Promise<ExampleGate> {
  const { socket, baseUrl } = findGate();
  // One that is named is used, and missed where it is not there.
  const nowhere = socket === defaultSocket() && !existsSync(socket);
  return nowhere ? mockGate() : realGate(socket ?? baseUrl ?? "");
}

function realGate(place: string): ExampleGate {
  return {
    options: {},
    description: `the gate at ${place}`,
    receiptKeys: undefined,
    operator: () => LatchGateOperator.discover(),
    async [Symbol.asyncDispose]() {},
  };
}

async function mockGate(): Promise<ExampleGate> {
  const dir = await mkdtemp(join(tmpdir(), "latchgate-example-"));
  const gate = new MockGate({ secrets: ["API_BEARER_TOKEN"] });
  const server = await gate.listen({ dir });
  const { socket, adminSocket } = server;
  return {
    options: { socket },
    receiptKeys: gate.receiptKeys,
    description: `a mock gate at ${socket} (no gate is named, and there is no ${defaultSocket()})`,
    operator: async () => {
      const { apiKey, privateKey, publicBaseUrl } = gate.operatorCredentials;
      return new LatchGateOperator({ apiKey, privateKey, publicBaseUrl, socket: adminSocket });
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(dir, { recursive: true });
    },
  };
}
