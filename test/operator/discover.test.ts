import { createHash, type KeyObject } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { LatchGateInvalidRequest, LatchGateOperator } from "../../src/operator.ts";
import { resolveRoute } from "../../src/wire/config.ts";
import { temporaryFolder } from "../support/bare.ts";
import { newKeyPair } from "../support/keys.ts";
import { failure, world } from "./world.ts";

const newKey = () => newKeyPair().privateKey;
const pemOf = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();

function thumbprintOf(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

const credential = (id: string, apiKey: string, key: KeyObject) =>
  `[operator_credentials.${id}]\napi_key = "${apiKey}"\ndpop_jkt = "${thumbprintOf(key)}"\n`;

/** A directory with these files, mode 0600. */
function folder(files: Record<string, string>): string {
  const made = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(made, name)), { recursive: true });
    writeFileSync(join(made, name), text, { mode: 0o600 });
  }
  return made;
}

/** Nothing of this machine's own. */
const nowhere = { HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent" };

describe("an operator is found", () => {
  const key = newKey();
  const apiKey = "key-ops-0123456789abcdef";
  const config = `public_base_url = "http://gate.example"\nlisten_admin_uds_path = "/run/x/admin.sock"\n\n${credential("ops", apiKey, key)}`;

  it.each([".latchgate/operators/ops.pem", ".latchgate/ops.pem"])(
    "by the configuration, with its PEM in %s",
    async (pem) => {
      const cwd = folder({ ".latchgate/latchgate.toml": config, [pem]: pemOf(key) });
      const operator = await LatchGateOperator.discover({ cwd, env: nowhere });
      expect(inspect(operator)).toContain("/run/x/admin.sock");
      expect(operator.gateUrl).toBe("http://gate.example");
    },
  );

  it("by LATCHGATE_CONFIG, by the user's configuration, and never in a directory above", async () => {
    const pem = { ".latchgate/operators/ops.pem": pemOf(key) };
    const cwd = folder({ ...pem, "elsewhere/my.toml": config });
    const named = { ...nowhere, LATCHGATE_CONFIG: "elsewhere/my.toml" };
    expect((await LatchGateOperator.discover({ cwd, env: named })).gateUrl).toBe("http://gate.example");
    const home = folder({ "latchgate/latchgate.toml": config });
    const users = { ...nowhere, XDG_CONFIG_HOME: home };
    expect((await LatchGateOperator.discover({ cwd, env: users })).gateUrl).toBe("http://gate.example");
    const above = folder({ ".latchgate/latchgate.toml": config, ...pem, "below/x": "" });
    expect(
      await failure(LatchGateOperator.discover({ cwd: join(above, "below"), env: nowhere })),
    ).toMatchObject({
      code: "no_credentials",
    });
  });

  it("by the environment, which beats the configuration, and is accepted by the gate", async () => {
    const { gate } = world({ operators: { default: { apiKey: "other", privateKey: key } } });
    const cwd = folder({ ".latchgate/latchgate.toml": config, "k.pem": pemOf(key) });
    const env = { ...nowhere, LATCHGATE_OPERATOR_KEY: "other", LATCHGATE_OPERATOR_PRIVATE_KEY: "k.pem" };
    const options = { fetch: gate.operatorFetch, publicBaseUrl: gate.publicBaseUrl, now: gate.now };
    const operator = await LatchGateOperator.discover({ cwd, env, ...options });
    expect((await operator.status()).status).toBe("ok");
    const overridden = await LatchGateOperator.discover({
      cwd,
      env: {
        ...env,
        LATCHGATE_LISTEN_ADMIN_UDS_PATH: "/y/admin.sock",
        LATCHGATE_PUBLIC_BASE_URL: "http://y",
      },
    });
    expect(inspect(overridden)).toMatch(/\/y\/admin\.sock/);
    expect(overridden.gateUrl).toBe("http://y");
  });
});

describe("an operator's credentials in the environment", () => {
  const key = newKey();
  const KEY = "LATCHGATE_OPERATOR_KEY";
  const PRIVATE_KEY = "LATCHGATE_OPERATOR_PRIVATE_KEY";
  const TOKEN = "LATCHGATE_OPERATOR_TOKEN";

  it.each([
    ["as the gate's command has them", { [KEY]: "the-api-key", [PRIVATE_KEY]: "k.pem" }],
    ["as latchgate-mcp has them", { [KEY]: "k.pem", [TOKEN]: "the-api-key" }],
    ["by the two names that mean one thing each", { [PRIVATE_KEY]: "k.pem", [TOKEN]: "the-api-key" }],
    ["all three, with a path twice", { [KEY]: "k.pem", [PRIVATE_KEY]: "k.pem", [TOKEN]: "the-api-key" }],
    [
      "all three, with an api key twice",
      { [KEY]: "the-api-key", [PRIVATE_KEY]: "k.pem", [TOKEN]: "the-api-key" },
    ],
  ])("are understood %s", async (_how, env) => {
    const { gate } = world({ operators: { default: { apiKey: "the-api-key", privateKey: key } } });
    const cwd = folder({ "k.pem": pemOf(key) });
    const options = { fetch: gate.operatorFetch, publicBaseUrl: gate.publicBaseUrl, now: gate.now };
    const operator = await LatchGateOperator.discover({ cwd, env: { ...nowhere, ...env }, ...options });
    expect((await operator.status()).status).toBe("ok");
  });

  it.each([
    ["the api key alone", { [KEY]: "key-secret-1" }, /without .*PRIVATE_KEY.* and without .*TOKEN/],
    ["latchgate-mcp's api key alone", { [TOKEN]: "key-secret-1" }, /TOKEN, the api key, is set without/],
    [
      "three that disagree",
      { [KEY]: "key-secret-1", [TOKEN]: "key-secret-2", [PRIVATE_KEY]: "k.pem" },
      /contradict/,
    ],
    [
      "two api keys and no path",
      { [KEY]: "key-secret-1", [TOKEN]: "key-secret-2" },
      /is the path of the operator's PEM/,
    ],
    [
      "a PEM's text for its path",
      { [KEY]: pemOf(key), [TOKEN]: "key-secret-2" },
      /is the path of the operator's PEM/,
    ],
  ])("are refused, and never shown: %s", async (_what, env, message) => {
    const cwd = folder({ "k.pem": pemOf(key) });
    const error = await failure(LatchGateOperator.discover({ cwd, env: { ...nowhere, ...env } }));
    expect(error).toMatchObject({ code: "invalid_credentials", message: expect.stringMatching(message) });
    for (const secret of ["key-secret", pemOf(key).split("\n")[1] ?? ""])
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });

  it("leave the socket to LATCHGATE_ADMIN_SOCKET, which beats the gate's own variable and its configuration", async () => {
    const cwd = folder({
      ".latchgate/latchgate.toml": `listen_admin_uds_path = "/c.sock"\n`,
      "k.pem": pemOf(key),
    });
    const env: Record<string, string> = { ...nowhere, [KEY]: "k", [PRIVATE_KEY]: "k.pem" };
    const found = async () => inspect(await LatchGateOperator.discover({ cwd, env }));
    expect(await found()).toContain("/c.sock");
    env["LATCHGATE_LISTEN_ADMIN_UDS_PATH"] = "/b.sock";
    expect(await found()).toContain("/b.sock");
    env["LATCHGATE_ADMIN_SOCKET"] = "a.sock";
    expect(await found()).toContain(join(cwd, "a.sock"));
  });

  it("leave the public base URL to two variables that must not contradict each other", async () => {
    const cwd = folder({ "k.pem": pemOf(key) });
    const env = { ...nowhere, [KEY]: "k", [PRIVATE_KEY]: "k.pem", LATCHGATE_PUBLIC_URL: "http://a" };
    expect((await LatchGateOperator.discover({ cwd, env })).gateUrl).toBe("http://a");
    const both = { ...env, LATCHGATE_PUBLIC_BASE_URL: "http://b" };
    expect(await failure(LatchGateOperator.discover({ cwd, env: both }))).toMatchObject({
      code: "invalid_options",
      message: expect.stringMatching(/LATCHGATE_PUBLIC_URL and LATCHGATE_PUBLIC_BASE_URL contradict/),
    });
  });
});

describe("an operator is not found, and it is said why:", () => {
  const key = newKey();
  const one = credential("ops", "key-ops-0123456789abcdef", key);
  const pem = { ".latchgate/operators/ops.pem": pemOf(key) };
  const toml = (text: string) => ({ ".latchgate/latchgate.toml": text });

  it.each([
    [
      "no configuration",
      {},
      {},
      "no_credentials",
      /LATCHGATE_OPERATOR_KEY and LATCHGATE_OPERATOR_PRIVATE_KEY/,
    ],
    ["none in it", toml("x = 1"), {}, "no_credentials", /latchgate\.toml/],
    ["two in it", toml(one + credential("second", "key-2", key)), {}, "several_credentials", /ops, second/],
    [
      "one in it and the platform's",
      toml(one),
      { LATCHGATE_OPERATOR_API_KEY: "p" },
      "several_credentials",
      /ops, platform/,
    ],
    ["no PEM", toml(one), {}, "no_private_key", /operators\/ops\.pem nor .*\.latchgate\/ops\.pem/],
    [
      "an api key alone",
      pem,
      { LATCHGATE_OPERATOR_KEY: "k" },
      "invalid_credentials",
      /without LATCHGATE_OPERATOR_PRIVATE_KEY/,
    ],
    [
      "a PEM alone",
      pem,
      { LATCHGATE_OPERATOR_PRIVATE_KEY: "k" },
      "invalid_credentials",
      /without LATCHGATE_OPERATOR_KEY/,
    ],
    [
      "a PEM that is not there",
      {},
      { LATCHGATE_OPERATOR_KEY: "k", LATCHGATE_OPERATOR_PRIVATE_KEY: "k.pem" },
      "invalid_key",
      /ENOENT/,
    ],
    [
      "a PEM of another key",
      { ...toml(one), ".latchgate/operators/ops.pem": pemOf(newKey()) },
      {},
      "wrong_private_key",
      /dpop_jkt/,
    ],
    [
      "a PEM that is none",
      { ...toml(one), ".latchgate/operators/ops.pem": "nonsense" },
      {},
      "invalid_key",
      /no private key/,
    ],
    [
      "a configuration that is no TOML",
      toml(`${one}\napi_key = "key-ops-secret`),
      {},
      "config_unreadable",
      /no TOML \(line/,
    ],
    [
      "a configuration that is named and missing",
      {},
      { LATCHGATE_CONFIG: "gone.toml" },
      "config_unreadable",
      /gone\.toml/,
    ],
    [
      "a configuration that is a directory",
      { ".latchgate/latchgate.toml/x": "" },
      {},
      "config_unreadable",
      /EISDIR/,
    ],
  ])("%s", async (_, files, env, code, message) => {
    const error = await failure(
      LatchGateOperator.discover({ cwd: folder(files), env: { ...nowhere, ...env } }),
    );
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ code, outcome: "not_executed", message: expect.stringMatching(message) });
    for (const secret of ["key-ops-0123456789abcdef", "key-ops-secret", pemOf(key).split("\n")[1] ?? ""])
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
  });

  it("files that others may read are warned about once", async () => {
    const cwd = folder({ ...toml(one), ...pem });
    chmodSync(join(cwd, ".latchgate/latchgate.toml"), 0o644);
    chmodSync(join(cwd, ".latchgate/operators/ops.pem"), 0o640);
    const warnings: string[] = [];
    const listen = ({ message }: Error) => void warnings.push(message);
    process.on("warning", listen);
    for (let n = 0; n < 3; n += 1) await LatchGateOperator.discover({ cwd, env: nowhere });
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    expect(warnings.filter((text) => text.includes(cwd))).toEqual([
      expect.stringMatching(/latchgate\.toml has mode 644/),
      expect.stringMatching(/ops\.pem has mode 640/),
    ]);
  });
});

describe("an agent finds its gate", () => {
  const configured = () => ({
    ...nowhere,
    LATCHGATE_CONFIG: join(
      folder({
        "gate.toml": 'listen_uds_path = "/run/x/gate.sock"\npublic_base_url = "http://gate.example/"\n',
      }),
      "gate.toml",
    ),
  });

  it("by the gate's configuration, where nothing else names a place", () => {
    const env = configured();
    expect(resolveRoute({}, env)).toMatchObject({
      socket: "/run/x/gate.sock",
      publicBaseUrl: "http://gate.example",
    });
    expect(resolveRoute({ publicBaseUrl: "http://a" }, env)).toMatchObject({ publicBaseUrl: "http://a" });
    expect(resolveRoute({}, { ...env, LATCHGATE_PUBLIC_URL: "http://b" })).toMatchObject({
      publicBaseUrl: "http://b",
    });
  });

  it("and reads no file where something does", () => {
    const broken = { ...nowhere, LATCHGATE_CONFIG: "/nonexistent.toml" };
    expect(resolveRoute({ socket: "/s" }, broken).socket).toBe("/s");
    expect(resolveRoute({ baseUrl: "http://a" }, broken).baseUrl).toBe("http://a");
    expect(resolveRoute({}, { ...broken, LATCHGATE_URL: "http://b" }).baseUrl).toBe("http://b");
    expect(resolveRoute({ fetch }, broken).fetch).toBe(fetch);
    expect(() => resolveRoute({}, broken)).toThrow(/no such file/);
  });
});
