import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";

const client = new LatchGateClient();
await assert.rejects(client.execute("http_fetch", { url: "https://httpbin.org/get" }), ({ code, hint }) => {
  assert.equal(code, "invalid_dpop");
  assert.match(hint, /https:\/\/gate\.example\/.*LATCHGATE_PUBLIC_URL, by pass_env/);
  return true;
});
await client.close();
