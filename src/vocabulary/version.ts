import manifest from "../../package.json" with { type: "json" };

/** This package's own version. */
export const VERSION = manifest.version;

/** What this package tells of itself, and nothing of the host: `latchgate-client/0.1.0 node/20.20.2`. */
export const USER_AGENT = `${manifest.name}/${VERSION} node/${process.versions.node}`;
