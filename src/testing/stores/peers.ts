/** Who a Unix socket's peer is, as a gate's `[identity]` says it per UID. */
export interface MockPeer {
  readonly principal: string;
  readonly owner?: string;
  /** A ceiling: scopes outside it are dropped from a lease. None when left out or empty. */
  readonly scopes?: readonly string[];
}
