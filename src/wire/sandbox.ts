import { existsSync } from "node:fs";

/** Where the gate's own sandbox puts the client socket, and what its `LATCHGATE_URL` names (contract sandbox.md 1.1). */
export const SANDBOX_SOCKET = "/run/latchgate/gate.sock";

/** The gate's binary, as every sandbox of it shows it (contract sandbox.md 1.3). */
const SANDBOX_BINARY = "/sandbox-bin/latchgate";

/**
 * Whether this process runs in `latchgate sandbox`: by two of the variables that it sets, for a gate of the whole machine may
 * have the same socket, or, where a parent has cleared them, by what it mounts.
 */
export function inSandbox(environment: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const { LATCHGATE_URL: url, HOME: home } = environment;
  return (url === `unix://${SANDBOX_SOCKET}` && home === "/workspace") || existsSync(SANDBOX_BINARY);
}
