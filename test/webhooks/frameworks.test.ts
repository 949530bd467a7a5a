import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Hono } from "hono";
import { type LatchGateWebhookError, webhookReceiver } from "latchgate-client/webhooks";
import { expect, onTestFinished, test } from "vitest";
import { NOW, pending, SECRET, signed } from "./signed.ts";

function inbox() {
  const events: string[] = [];
  const errors: LatchGateWebhookError[] = [];
  const receiver = webhookReceiver({
    secrets: SECRET,
    now: () => NOW,
    on: { "approval.pending": ({ data }) => void events.push(data.principal) },
    onError: (error) => void errors.push(error),
  });
  return { receiver, events, errors };
}

/** Posts one delivery to a program on a real port; gives the status. */
async function deliverTo(listener: RequestListener, headers: Record<string, string> = {}): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const body = pending({ principal: "é🔒" });
  const sent = { method: "POST", body, headers: { ...signed(body), ...headers } };
  return (await fetch(`http://127.0.0.1:${port}/hooks`, sent)).status;
}

test("Hono hands its request over as it is", async () => {
  const { receiver, events } = inbox();
  const app = new Hono();
  app.post("/hooks", (context) => receiver.fetch(context.req.raw));
  const body = pending({ principal: "é🔒" });
  const answer = await app.request("/hooks", { method: "POST", body, headers: signed(body) });
  await receiver.idle();
  expect([answer.status, events]).toEqual([204, ["é🔒"]]);
  expect((await app.request("/hooks", { method: "POST", body })).status).toBe(401);
});

test("Hono's own reader in front of it eats the bytes, which is told", async () => {
  const { receiver, errors } = inbox();
  const app = new Hono();
  app.use(async (context, next) => {
    await context.req.json();
    await next();
  });
  app.post("/hooks", (context) => receiver.fetch(context.req.raw));
  const body = pending();
  expect((await app.request("/hooks", { method: "POST", body, headers: signed(body) })).status).toBe(500);
  expect(errors[0]).toMatchObject({ code: "parsed_body", message: /body parser/ });
});

test("Express takes it in front of express.json()", async () => {
  const { receiver, events } = inbox();
  const app = express();
  app.post("/hooks", receiver.node);
  app.use(express.json());
  expect(await deliverTo(app)).toBe(204);
  await receiver.idle();
  expect(events).toEqual(["é🔒"]);
});

test("Express behind express.raw() and express.text(), which keep what came, works too", async () => {
  for (const keeper of [
    express.raw({ type: "application/json" }),
    express.text({ type: "application/json" }),
  ]) {
    const { receiver, events } = inbox();
    const app = express();
    app.use(keeper);
    app.post("/hooks", receiver.node);
    expect(await deliverTo(app)).toBe(204);
    await receiver.idle();
    expect(events).toEqual(["é🔒"]);
  }
});

test("Express behind express.json() gives a clear error, and the gate is asked to try again", async () => {
  const { receiver, events, errors } = inbox();
  const app = express();
  app.use(express.json());
  app.post("/hooks", receiver.node);
  expect(await deliverTo(app)).toBe(500);
  await receiver.idle();
  expect(events).toEqual([]);
  expect(errors[0]).toMatchObject({ code: "parsed_body", message: /before app\.use\(express\.json\(\)\)/ });
});

test("bytes that a verify hook of a body parser has kept as rawBody are taken", async () => {
  const { receiver, events } = inbox();
  const app = express();
  const verify = (request: object, _: unknown, bytes: Buffer) =>
    void Object.assign(request, { rawBody: bytes });
  app.use(express.json({ verify }));
  app.post("/hooks", receiver.node);
  expect(await deliverTo(app)).toBe(204);
  await receiver.idle();
  expect(events).toEqual(["é🔒"]);
});
