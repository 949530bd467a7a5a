// undici's Pool and what it connects with, each alone: the package's root takes three times as long to load, and on Node 20
// changes the host's own fetch. These paths are no public API. Where an undici without them was put in the place of the one
// that package.json names, the root serves all the same. Loaded when it is asked for: not every program sends by undici.
exports.loadPool = () => {
  try {
    return {
      Pool: require("undici/lib/dispatcher/pool.js"),
      buildConnector: require("undici/lib/core/connect.js"),
    };
  } catch {
    // `module.require`, for a bundler would take in the whole root for what never happens in a bundle.
    return module.require("undici");
  }
};
