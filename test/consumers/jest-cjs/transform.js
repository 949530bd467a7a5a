const { transformSync } = require("esbuild");

module.exports = {
  process: (source, file) =>
    transformSync(source, {
      format: "cjs",
      sourcefile: file,
      sourcemap: "inline",
      target: "node20.19",
      define: { "import.meta.url": "__filename", "import.meta.dirname": "__dirname" },
      supported: { "dynamic-import": false },
    }),
};
