import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientOptions, defaultSocket, type ReceiptKeys } from "latchgate-client";
import { LatchGateOperator } from "latchgate-client/operator";
import { MockGate } from "latchgate-client/testing";

/** A gate to run an example against: the one that is there, or else a mock gate on a Unix socket of its own. */
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
  const url = process.env["LATCHGATE_URL"];
  if (url) return realGate({}, `the gate at ${url} (LATCHGATE_URL)`);
  const socket = defaultSocket();
  return existsSync(socket) ? realGate({ socket }, `the gate at ${socket}`) : mockGate();
}

function realGate(options: ClientOptions, description: string): ExampleGate {
  return {
    options,
    description,
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
    description: `a mock gate at ${socket} (there is no LATCHGATE_URL and no ${defaultSocket()})`,
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
