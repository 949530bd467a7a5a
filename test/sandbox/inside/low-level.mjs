import "./parsers.mjs";
import assert from "node:assert/strict";
import { createAgentApi } from "latchgate-client";

const api = createAgentApi();
const params = { path: { action_id: "http_fetch" } };
const body = { url: "https://httpbin.org/get" };
const { data, response } = await api.POST("/v1/actions/{action_id}/execute", { params, body });
assert.deepEqual([response.status, data.decision], [200, "executed"]);
await api.close();
// Had fetch's parser been loaded with fetch's objects, the process would end about now.
await new Promise((resolve) => setTimeout(resolve, 200));
