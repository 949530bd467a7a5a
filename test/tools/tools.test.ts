import { LatchGateClient, LatchGateInvalidRequest } from "latchgate-client";
import { MockGate } from "latchgate-client/testing";
import { createTools, type GateTool, type ToolOptions } from "latchgate-client/tools";
import { describe, expect, it } from "vitest";
import { world } from "./world.ts";

async function tool(client: LatchGateClient, name: string, options: ToolOptions = {}): Promise<GateTool> {
  const [found] = await client.tools({ only: [name], ...options });
  if (found === undefined) throw new Error(`no tool ${name}`);
  return found;
}

describe("the tools of a gate", () => {
  it("are its actions, each with a name, a description, schemas and its risk", async () => {
    const { client } = world();
    const tools = await client.tools();
    expect(tools.map(({ name, riskLevel }) => `${name}: ${riskLevel}`)).toEqual([
      "free: low",
      "mail: medium",
      "pay: high",
      "sorry: low",
    ]);
    const descriptions = tools.map(({ description }) => description);
    expect(descriptions[0]).toBe("Runs the action free. Reaches a.example. Risk: low.");
    expect(descriptions[1]).toBe("Sends a mail. Side effects: mail_send. Risk: medium.");
    expect(descriptions[2]).toBe(
      "Pays. Risk: high. An operator may have to approve each call, which can take minutes.",
    );
  });

  it("are read without a lease", async () => {
    const { client, gate } = world();
    await client.tools();
    expect(gate.sessions).toEqual([]);
  });

  it("can be chosen by name and by risk", async () => {
    const { client } = world();
    const names = async (options: ToolOptions) => (await client.tools(options)).map(({ name }) => name);
    expect(await names({ only: ["pay", "mail"] })).toEqual(["mail", "pay"]);
    expect(await names({ except: ["pay"] })).toEqual(["free", "mail", "sorry"]);
    expect(await names({ maxRisk: "low" })).toEqual(["free", "sorry"]);
    expect(await names({ maxRisk: "medium", except: ["free"] })).toEqual(["mail", "sorry"]);
  });

  it("are not given where a name is misspelt, so that nothing is let in by mistake", async () => {
    const { client } = world();
    await expect(client.tools({ except: ["pya"] })).rejects.toThrow("the gate has no action pya");
    await expect(client.tools({ only: ["mial"] })).rejects.toBeInstanceOf(LatchGateInvalidRequest);
    await expect(client.tools({ maxRisk: "tiny" as "low" })).rejects.toThrow("maxRisk must be one of");
  });

  it("leave out an action whose risk nobody here knows, when the risk is limited", async () => {
    const summary = { action_id: "new", version: "1", risk_level: "extreme" as "low" };
    const source = Object.assign(new LatchGateClient({ fetch }), { actions: async () => [summary] });
    expect(await createTools(source, { maxRisk: "critical" })).toEqual([]);
  });

  it("can be described by the program", async () => {
    const { client } = world();
    const describe = ({ name }: { name: string }) => (name === "pay" ? "Pays a bill." : undefined);
    const tools = await client.tools({ only: ["pay", "mail"], describe });
    expect(tools.map(({ description }) => description)).toEqual([
      "Sends a mail. Side effects: mail_send. Risk: medium.",
      "Pays a bill.",
    ]);
  });

  it("are 87 in one go, with eight requests at a time", async () => {
    const actions = Object.fromEntries(
      Array.from({ length: 87 }, (_, n) => [`action_${n}`, { requestSchema: { type: "object" } }]),
    );
    const gate = new MockGate({ builtinActions: false, actions });
    let [now, most] = [0, 0];
    const counted: typeof fetch = async (...request) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      return gate.fetch(...request).finally(() => {
        now -= 1;
      });
    };
    const client = new LatchGateClient({ fetch: counted });
    expect(await client.tools()).toHaveLength(87);
    expect(gate.received).toHaveLength(1 + 2 * 87);
    expect(most).toBe(8);
  });
});

describe("the schemas of a tool", () => {
  it("are plain JSON Schema, twice, and a Standard Schema that converts to it", async () => {
    const { client } = world();
    const { parameters, schema, inputSchema, strict } = await tool(client, "mail");
    expect(parameters).toEqual(schema);
    expect(parameters).not.toBe(schema);
    expect(parameters).toMatchObject({ type: "object", required: ["to"], additionalProperties: false });
    expect("~standard" in parameters).toBe(false);
    expect(strict).toBe(false);
    const { input, output } = inputSchema["~standard"].jsonSchema;
    expect(input({ target: "draft-07" })).toEqual(parameters);
    expect(output({ target: "draft-2020-12" })).toEqual(parameters);
    expect(() => input({ target: "openapi-3.0" })).toThrow("openapi-3.0");
  });

  it("are not changed by what a framework writes into one", async () => {
    const { client } = world();
    const { parameters, inputSchema } = await tool(client, "mail");
    const copy = inputSchema["~standard"].jsonSchema.input({ target: "draft-07" });
    copy["properties"] = {};
    expect(inputSchema["~standard"].jsonSchema.input({ target: "draft-07" })).toEqual(parameters);
  });

  it("take any object where the action has none", async () => {
    const { client } = world();
    const { parameters } = await tool(client, "free");
    expect(parameters).toEqual({ type: "object", properties: {}, required: [], additionalProperties: true });
  });

  it("say what does not fit, where it is, and execute nothing", async () => {
    const { client, gate } = world();
    const { validate } = (await tool(client, "mail")).inputSchema["~standard"];
    expect(await validate({ to: "a@b" })).toEqual({ value: { to: "a@b" } });
    expect(await validate({ to: 1, extra: 2 })).toEqual({
      issues: [
        { message: "must NOT have additional properties ('extra')", path: [] },
        { message: "must be string", path: ["to"] },
      ],
    });
    expect(await validate("text")).toEqual({ issues: [{ message: "must be an object", path: [] }] });
    expect(await validate({ to: "a@b", n: 1n })).toMatchObject({
      issues: [{ message: "must not be a BigInt, which has no JSON form" }],
    });
    expect(gate.sessions).toEqual([]);
  });
});
