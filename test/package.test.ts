import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

interface Locked {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8")) as {
  packages: Readonly<Record<string, Locked>>;
};

/** Six at most, each with a reason. */
const CLOSURE = {
  canonicalize: "the canonical JSON that receipts and the ledger are hashed as",
  jose: "thumbprints and DPoP keys",
  "openapi-fetch": "the low-level clients",
  "openapi-typescript-helpers": "its types",
  "smol-toml": "the gate's configuration",
  undici: "the transport",
};

it("a program that installs the package gets six others with it", () => {
  expect([...closure().keys()].sort()).toEqual(Object.keys(CLOSURE));
});

it("nothing of these runs a script when it is installed", () => {
  const running = [...closure()].filter(([, { hasInstallScript }]) => hasInstallScript).map(([name]) => name);
  expect(running).toEqual([]);
});

it("what the package needs may be patched without a release of ours, and what it can do without is an optional peer", () => {
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = packages[""] ?? {};
  expect(Object.values(dependencies).filter((range) => !/^\^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  const needed = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  expect(needed).toEqual([]);
});

it("the lock file names every package by its hash, and no host", () => {
  const others = Object.entries(packages).filter(
    ([path, { integrity, resolved }]) =>
      path !== "" && (!integrity?.startsWith("sha512-") || resolved !== undefined),
  );
  expect(others).toEqual([]);
});

/** What an installation without the optional peers brings, by the lock file. */
function closure(): Map<string, Locked> {
  const found = new Map<string, Locked>();
  const queue: Locked[] = [packages[""] ?? { version: "" }];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = at;
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      if (found.has(name)) continue;
      const next = packages[`node_modules/${name}`];
      if (next === undefined)
        throw new Error(`${name} is not where the lock file has packages of the closure`);
      found.set(name, next);
      queue.push(next);
    }
  }
  return found;
}
