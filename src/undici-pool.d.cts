import type { Socket } from "node:net";
import type { buildConnector as PublicConnector } from "undici";

export { Pool } from "undici";

/** What undici's own pools connect with; unlike its public type it says that it gives the socket back. */
export function buildConnector(
  options: PublicConnector.BuildOptions,
): (options: PublicConnector.Options, callback: PublicConnector.Callback) => Socket;
