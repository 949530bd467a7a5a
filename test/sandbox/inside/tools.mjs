import "./parsers.mjs";
import assert from "node:assert/strict";
import { LatchGateClient } from "latchgate-client";

const client = new LatchGateClient();
const [tool] = await client.tools({ only: ["http_fetch"] });
const answer = await tool.execute({ url: "https://httpbin.org/get" });
assert.equal(answer.ok, true, JSON.stringify(answer));
await client.close();
