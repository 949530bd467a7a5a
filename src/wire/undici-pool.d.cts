import type { Socket } from "node:net";
import type { Pool, buildConnector as PublicConnector } from "undici";

/** undici's Pool, and what its own pools connect with; unlike its public type that says that it gives the socket back. */
export function loadPool(): {
  readonly Pool: typeof Pool;
  readonly buildConnector: (
    options: PublicConnector.BuildOptions,
  ) => (options: PublicConnector.Options, callback: PublicConnector.Callback) => Socket;
};
