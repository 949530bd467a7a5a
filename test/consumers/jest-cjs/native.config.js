/** With Node's `--experimental-vm-modules` nothing is transformed: `import()` works on every Node. */
module.exports = { testMatch: ["**/imported.test.js"], transform: {} };
