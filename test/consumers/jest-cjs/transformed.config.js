/** Jest itself cannot `require()` ESM below Node 24.9: this package and what it needs are made CommonJS as they load. */
module.exports = {
  testMatch: ["**/required.test.js"],
  transform: { "\\.js$": "./transform.js" },
  // It has exports for `import` alone.
  moduleNameMapper: { "^canonicalize$": "<rootDir>/node_modules/canonicalize/lib/canonicalize.js" },
  transformIgnorePatterns: [
    "/node_modules/(?!(latchgate-client|jose|openapi-fetch|canonicalize|smol-toml)/)",
  ],
};
