import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";

/** Where a delivery may go, and the addresses that its host has; or why it goes nowhere, which is final. */
export type Reach =
  | { readonly state: "reached"; readonly addresses: readonly string[] }
  | { readonly state: "blocked"; readonly error: string }
  | { readonly state: "unresolved"; readonly error: string };

/** What the check of an address goes by. */
export interface ReachRules {
  /** Any posture flag of the gate is relaxed: then a receiver on this host counts. */
  readonly relaxed: boolean;
  /** `any` is no gate's: every port and every address. */
  readonly reach: "public" | "any";
  /** What names resolve to; the others are asked of the system, or taken for public ones where nothing is connected to. */
  readonly hosts: Readonly<Record<string, string | readonly string[]>>;
}

const PORTS = [443, 80];
const EXEMPT = ["localhost", "127.0.0.1", "[::1]"];

/**
 * Resolves and checks an endpoint before its first attempt: ports 443 and 80 only, and every address a public one,
 * but for a receiver on this host at a gate that is relaxed (core/net/ip.rs). `connected`: bytes go to a real address.
 */
export async function reachOf(url: URL, rules: ReachRules, connected: boolean): Promise<Reach> {
  const { hostname, protocol } = url;
  const port = url.port === "" ? (protocol === "https:" ? 443 : 80) : Number(url.port);
  if (rules.reach === "public" && !PORTS.includes(port))
    return blocked(`port ${port} is not allowed (permitted: [443, 80])`);
  const addresses = await resolved(hostname, rules, connected);
  if (addresses.length === 0)
    return { state: "unresolved", error: `DNS resolution failed for '${hostname}'` };
  if (rules.reach === "any" || (rules.relaxed && EXEMPT.includes(hostname)))
    return { state: "reached", addresses };
  const inside = addresses.find((address) => !isPublic(address));
  if (inside === undefined) return { state: "reached", addresses };
  return blocked(`'${hostname}' resolved to private/reserved address ${inside}`);
}

function blocked(why: string): Reach {
  return { state: "blocked", error: `SSRF blocked: ${why}` };
}

/** Stands for any public address where a name is not looked up. */
const SOME_PUBLIC = "203.0.114.1";

async function resolved(
  hostname: string,
  { hosts }: ReachRules,
  connected: boolean,
): Promise<readonly string[]> {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0) return [bare];
  const given = hosts[hostname];
  if (given !== undefined) return typeof given === "string" ? [given] : given;
  if (hostname === "localhost" && !connected) return ["127.0.0.1"];
  if (!connected) return [SOME_PUBLIC];
  return lookup(bare, { all: true }).then(
    (found) => found.map(({ address }) => address),
    () => [],
  );
}

/** What no receiver may be on. 198.18.0.0/15 is not among them (measured). */
const RESERVED = new BlockList();
for (const [network, bits] of [
  ...([
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
  ] as const),
  ...([
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.168.0.0", 16],
  ] as const),
  ...([
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4],
  ] as const),
])
  RESERVED.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["::", 128],
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
] as const)
  RESERVED.addSubnet(network, bits, "ipv6");

function isPublic(address: string): boolean {
  return !RESERVED.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
