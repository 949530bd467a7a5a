/** Where the gate's own sandbox puts the client socket, and what its `LATCHGATE_URL` names (contract sandbox.md 1.1). */
export const SANDBOX_SOCKET = "/run/latchgate/gate.sock";
