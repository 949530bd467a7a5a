test("an action runs, and its error is an error", async () => {
  const { LatchGateClient, LatchGateError } = await import("latchgate-client");
  const { MockGate } = await import("latchgate-client/testing");
  const gate = new MockGate();
  const client = new LatchGateClient({ fetch: gate.fetch, agentId: "agent:jest", now: gate.now });
  expect((await client.execute("http_fetch", { url: "https://httpbin.org/get" })).ok).toBe(true);
  await expect(client.execute("no_such_action")).rejects.toBeInstanceOf(LatchGateError);
});
