import { existsSync } from "node:fs";

/** Where the gate's own sandbox puts the client socket, and what its `LATCHGATE_URL` names (contract sandbox.md 1.1). */
export const SANDBOX_SOCKET = "/run/latchgate/gate.sock";

/** The gate's binary, as every sandbox of it shows it. */
const SANDBOX_BINARY = "/sandbox-bin/latchgate";

/** Whether this process runs in `latchgate sandbox`: by what that sets, or, where a parent has cleared it, by what it mounts. */
export function inSandbox(environment: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return environment["LATCHGATE_URL"] === `unix://${SANDBOX_SOCKET}` || existsSync(SANDBOX_BINARY);
}
