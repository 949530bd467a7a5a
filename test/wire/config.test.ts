import { LatchGateInvalidRequest } from "latchgate-client";
import { describe, expect, it } from "vitest";
import {
  type ConnectionOptions,
  defaultSocket,
  findGate,
  resolveOperatorRoute,
  resolveRoute,
} from "../../src/wire/config.ts";
import { everythingOf } from "../support/bare.ts";

const noFetch = (() => Promise.reject(new Error("not to be called"))) as typeof fetch;
const noDispatcher = { request: () => Promise.reject(new Error("not to be called")) };
const uid = process.getuid?.() ?? 0;

const refusal = (
  options: ConnectionOptions,
  environment: Record<string, string> = {},
): LatchGateInvalidRequest => {
  try {
    resolveRoute(options, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(LatchGateInvalidRequest);
    expect(error).toMatchObject({ code: "invalid_options", outcome: "not_executed", status: undefined });
    return error as LatchGateInvalidRequest;
  }
  throw new Error("it was accepted");
};

describe("the socket", () => {
  it("is where the gate puts it: in XDG_RUNTIME_DIR", () => {
    expect(resolveRoute({}, { XDG_RUNTIME_DIR: "/run/user/7" }).socket).toBe(
      "/run/user/7/latchgate/gate.sock",
    );
  });

  it.each([{}, { XDG_RUNTIME_DIR: "" }])("is in the folder of the uid in /tmp with %o", (environment) => {
    expect(resolveRoute({}, environment).socket).toBe(`/tmp/latchgate-${uid}/gate.sock`);
    expect(defaultSocket(environment)).toBe(`/tmp/latchgate-${uid}/gate.sock`);
  });

  it("is the one that is given, whatever the environment says", () => {
    const environment = { XDG_RUNTIME_DIR: "/run/user/7", LATCHGATE_URL: "http://elsewhere:1" };
    expect(resolveRoute({ socket: "/a/gate.sock" }, environment)).toMatchObject({
      socket: "/a/gate.sock",
      baseUrl: "http://localhost",
    });
  });
});

describe("a place", () => {
  it.each([
    ["unix:///run/latchgate/gate.sock", "/run/latchgate/gate.sock"],
    ["UNIX:///a/gate.sock", "/a/gate.sock"],
    ["unix:///a%20b/100%25/gate.sock", "/a b/100%/gate.sock"],
    ["unix:///a b/gate.sock", "/a b/gate.sock"],
    ["/a/gate.sock", "/a/gate.sock"],
    ["/a#b?c%20d/gate.sock", "/a#b?c%20d/gate.sock"],
  ])("may be a socket wherever a URL is expected: %s", (text, socket) => {
    const found = { socket, baseUrl: "http://localhost", publicBaseUrl: "http://localhost:3000" };
    expect(resolveRoute({ baseUrl: text }, {})).toMatchObject(found);
    expect(resolveRoute({}, { LATCHGATE_URL: text })).toMatchObject(found);
    expect(resolveOperatorRoute({ baseUrl: text }, {})).toMatchObject(found);
  });

  it("of the sandbox is a socket, and proofs name the gate's default or what LATCHGATE_PUBLIC_URL says", () => {
    const inside = { LATCHGATE_URL: "unix:///run/latchgate/gate.sock", HOME: "/workspace" };
    expect(findGate({}, inside)).toEqual({
      socket: "/run/latchgate/gate.sock",
      publicBaseUrl: "http://localhost:3000",
    });
    expect(findGate({}, { ...inside, LATCHGATE_PUBLIC_URL: "https://gate.example" })).toEqual({
      socket: "/run/latchgate/gate.sock",
      publicBaseUrl: "https://gate.example",
    });
  });

  it.each([
    ["unix://gate.sock", /three slashes/],
    ["unix://localhost/gate.sock", /three slashes/],
    ["unix:/gate.sock", /three slashes/],
    ["unix:gate.sock", /three slashes/],
    ["unix:////gate.sock", /three slashes/],
    ["unix:///gate.sock?x", /nothing else/],
    ["unix:///gate.sock#x", /nothing else/],
    ["unix:///100%/gate.sock", /%25/],
    ["unix:///a%00b", /NUL/],
    ["http+unix:///gate.sock", /http:\/\/, https:\/\/ or unix:\/\/\//],
    ["ws://gate", /http:\/\/, https:\/\/ or unix:\/\/\//],
    [`/${"a".repeat(107)}`, /longer than the 107 bytes/],
    ["http://gate:3000/v1", /must not end in \/v1/],
    ["https://gate/base/v1/", /must not end in \/v1/],
  ])("that is none is refused, and it is said why: %s", (text, why) => {
    expect(refusal({ baseUrl: text }).message).toMatch(/^baseUrl /);
    expect(refusal({ baseUrl: text }).message).toMatch(why);
    expect(refusal({}, { LATCHGATE_URL: text }).message).toMatch(/^LATCHGATE_URL /);
  });

  it.each(["http://gate", "", "unix://x"])("that is no path is refused as a socket: %j", (socket) => {
    expect(refusal({ socket }).message).toMatch(/^socket must/);
  });

  it("is taken from the options, LATCHGATE_URL, LATCHGATE_SOCKET, the gate's variable, and only then the default", () => {
    const environment: Record<string, string> = {
      LATCHGATE_LISTEN_UDS_PATH: "/d.sock",
      XDG_RUNTIME_DIR: "/e",
      LATCHGATE_CONFIG: "",
    };
    expect(findGate({}, { XDG_RUNTIME_DIR: "/e" }).socket).toBe("/e/latchgate/gate.sock");
    expect(findGate({}, environment, "/w").socket).toBe("/d.sock");
    environment["LATCHGATE_SOCKET"] = "c.sock";
    expect(findGate({}, environment, "/w").socket).toBe("/w/c.sock");
    delete environment["LATCHGATE_SOCKET"];
    environment["LATCHGATE_URL"] = "http://b:1";
    expect(findGate({}, environment, "/w")).toEqual({ baseUrl: "http://b:1", publicBaseUrl: "http://b:1" });
    expect(findGate({ socket: "unix:///a.sock" }, environment).socket).toBe("/a.sock");
  });

  it("of an operator is taken from the options, LATCHGATE_ADMIN_SOCKET, and only then the default", () => {
    const environment = {
      LATCHGATE_ADMIN_SOCKET: "b.sock",
      LATCHGATE_SOCKET: "/c",
      LATCHGATE_URL: "http://d",
    };
    expect(resolveOperatorRoute({}, environment, "/w").socket).toBe("/w/b.sock");
    expect(resolveOperatorRoute({ socket: "/a" }, environment).socket).toBe("/a");
    expect(resolveOperatorRoute({ baseUrl: "unix:///a" }, environment).socket).toBe("/a");
    expect(resolveOperatorRoute({}, { XDG_RUNTIME_DIR: "/r" }).socket).toBe("/r/latchgate/gate-admin.sock");
  });

  it("that the environment names is of no use to a fetch of the caller's", () => {
    const route = resolveRoute({ fetch: noFetch }, { LATCHGATE_URL: "unix:///a.sock" });
    expect(route).toMatchObject({ socket: undefined, baseUrl: "http://localhost:3000" });
  });
});

describe("the base URL", () => {
  it("comes from LATCHGATE_URL, and then there is no socket", () => {
    expect(resolveRoute({}, { LATCHGATE_URL: "http://gate:3000" })).toMatchObject({
      baseUrl: "http://gate:3000",
      socket: undefined,
    });
  });

  it("is the one that is given, whatever the environment says", () => {
    expect(resolveRoute({ baseUrl: "http://a" }, { LATCHGATE_URL: "http://b" }).baseUrl).toBe("http://a");
  });

  it("does not look at LATCHGATE_URL when it is not needed, be it wrong", () => {
    expect(resolveRoute({ baseUrl: "http://a" }, { LATCHGATE_URL: "nonsense" }).baseUrl).toBe("http://a");
    expect(resolveRoute({ socket: "/a" }, { LATCHGATE_URL: "nonsense" }).socket).toBe("/a");
  });

  it("is unset where LATCHGATE_URL is empty", () => {
    expect(resolveRoute({}, { LATCHGATE_URL: "", XDG_RUNTIME_DIR: "/r" }).socket).toBe(
      "/r/latchgate/gate.sock",
    );
  });

  it("loses one slash at its end, and keeps its path", () => {
    expect(resolveRoute({ baseUrl: "http://gate:3000/" }, {}).baseUrl).toBe("http://gate:3000");
    expect(resolveRoute({ baseUrl: "https://gate/base/" }, {}).baseUrl).toBe("https://gate/base");
  });

  it.each(["HTTP://gate:1", "Https://gate:1"])("may have its scheme in capitals: %s", (baseUrl) => {
    expect(resolveRoute({ baseUrl }, {}).baseUrl.toLowerCase()).toBe(baseUrl.toLowerCase());
  });
});

describe("a URL that can't be used", () => {
  const wrong = [
    "gate",
    "gate:3000",
    "//gate",
    "",
    " ",
    "ftp://gate",
    "unix:/gate.sock",
    "http://",
    "http://gate:99999",
    "http://gate?q=1",
    "http://gate?",
    "http://gate#",
    "http://gate/#part",
    "http://user@gate",
    "http://user:hunter2secret@gate",
    "http://:hunter2secret@gate",
    "http://@gate",
    "http:gate",
    "http:/gate",
    "http:\\\\gate",
    "http://gate\\a",
    " http://gate",
    "http://gate ",
    "http://ga\tte",
    "http://gate\n",
    "http://user:hunter2secret@gate:99999",
    "user:hunter2secret@gate",
  ];
  it.each(wrong)("is refused as baseUrl, without a quotation: %j", (baseUrl) => {
    const error = refusal({ baseUrl });
    expect(error.message).toMatch(/^baseUrl /);
    expect(everythingOf(error)).not.toContain("hunter2secret");
  });

  it.each([
    ["publicBaseUrl", { publicBaseUrl: "http://u:hunter2secret@g" }, {}],
    ["LATCHGATE_URL", {}, { LATCHGATE_URL: "http://u:hunter2secret@g" }],
    ["LATCHGATE_PUBLIC_URL", {}, { LATCHGATE_PUBLIC_URL: "http://u:hunter2secret@g" }],
    ["LATCHGATE_PUBLIC_BASE_URL", {}, { LATCHGATE_PUBLIC_BASE_URL: "u:hunter2secret" }],
  ])("is refused by its name: %s", (name, options, environment: Record<string, string>) => {
    const error = refusal(options, environment);
    expect(error.message).toMatch(new RegExp(`^${name} `));
    expect(everythingOf(error)).not.toContain("hunter2secret");
  });
});

describe("the public base URL", () => {
  // api-0.2.0.md, the constructor.
  it.each<[string, ConnectionOptions, Record<string, string>, string]>([
    ["the gate's default on its socket", {}, {}, "http://localhost:3000"],
    ["the gate's default on a given socket", { socket: "/a" }, {}, "http://localhost:3000"],
    ["the base URL on TCP", { baseUrl: "http://gate:1/" }, {}, "http://gate:1"],
    ["LATCHGATE_URL on TCP", {}, { LATCHGATE_URL: "http://gate:1/" }, "http://gate:1"],
    ["http://localhost with a dispatcher", { dispatcher: noDispatcher }, {}, "http://localhost"],
    ["the base URL with a dispatcher", { dispatcher: noDispatcher, baseUrl: "http://g" }, {}, "http://g"],
    [
      "LATCHGATE_URL with a dispatcher",
      { dispatcher: noDispatcher },
      { LATCHGATE_URL: "http://g" },
      "http://g",
    ],
    ["the gate's default with a fetch", { fetch: noFetch }, {}, "http://localhost:3000"],
    ["the base URL with a fetch", { fetch: noFetch, baseUrl: "http://g" }, {}, "http://g"],
    ["what is given, on the socket", { publicBaseUrl: "https://p/" }, {}, "https://p"],
    ["what is given, on TCP", { publicBaseUrl: "https://p", baseUrl: "http://b" }, {}, "https://p"],
    ["LATCHGATE_PUBLIC_URL", {}, { LATCHGATE_PUBLIC_URL: "https://p/" }, "https://p"],
    ["LATCHGATE_PUBLIC_BASE_URL", {}, { LATCHGATE_PUBLIC_BASE_URL: "https://p" }, "https://p"],
    [
      "both, where they agree",
      {},
      { LATCHGATE_PUBLIC_URL: "https://p", LATCHGATE_PUBLIC_BASE_URL: "https://p/" },
      "https://p",
    ],
    [
      "the environment's before the base URL",
      { baseUrl: "http://b" },
      { LATCHGATE_PUBLIC_URL: "https://p" },
      "https://p",
    ],
    [
      "what is given before the environment",
      { publicBaseUrl: "https://o" },
      { LATCHGATE_PUBLIC_URL: "https://p" },
      "https://o",
    ],
    [
      "the default where the variables are empty",
      {},
      { LATCHGATE_PUBLIC_URL: "", LATCHGATE_PUBLIC_BASE_URL: "" },
      "http://localhost:3000",
    ],
  ])("is %s", (_what, options, environment, expected) => {
    expect(resolveRoute(options, environment).publicBaseUrl).toBe(expected);
  });
});

describe("options that contradict each other", () => {
  it.each<[string, ConnectionOptions, Record<string, string>]>([
    ["socket and baseUrl", { socket: "/a", baseUrl: "http://b" }, {}],
    ["fetch and dispatcher", { fetch: noFetch, dispatcher: noDispatcher }, {}],
    ["fetch and socket", { fetch: noFetch, socket: "/a" }, {}],
    ["tls and fetch", { fetch: noFetch, baseUrl: "https://b", tls: { ca: "x" } }, {}],
    ["tls and dispatcher", { dispatcher: noDispatcher, baseUrl: "https://b", tls: { ca: "x" } }, {}],
    ["tls and a plain URL", { baseUrl: "http://b", tls: { ca: "x" } }, {}],
    ["tls and a plain LATCHGATE_URL", { tls: { ca: "x" } }, { LATCHGATE_URL: "http://b" }],
    ["tls and a socket", { socket: "/a", tls: { ca: "x" } }, {}],
    ["tls and the default socket", { tls: { ca: "x" } }, {}],
    [
      "two public URLs of the environment",
      {},
      { LATCHGATE_PUBLIC_URL: "https://a", LATCHGATE_PUBLIC_BASE_URL: "https://b" },
    ],
    ["an empty socket", { socket: "" }, {}],
    ["socket and a base URL of another socket", { socket: "/a", baseUrl: "unix:///b" }, {}],
    ["fetch and a base URL of a socket", { fetch: noFetch, baseUrl: "unix:///b" }, {}],
    ["tls and a base URL of a socket", { baseUrl: "unix:///b", tls: { ca: "x" } }, {}],
    ["two places in the environment", {}, { LATCHGATE_URL: "http://a", LATCHGATE_SOCKET: "/a" }],
    ["two sockets in the environment", {}, { LATCHGATE_URL: "unix:///b", LATCHGATE_SOCKET: "/a" }],
  ])("are refused: %s", (what, options, environment) => {
    const { message } = refusal(options, environment);
    if (what.endsWith("in the environment")) expect(message).toMatch(/LATCHGATE_URL and LATCHGATE_SOCKET/);
  });

  it.each<[string, ConnectionOptions]>([
    ["a dispatcher beside a socket (as in 0.2.0)", { dispatcher: noDispatcher, socket: "/a" }],
    ["a dispatcher beside a base URL", { dispatcher: noDispatcher, baseUrl: "https://b" }],
    ["one socket by two names", { socket: "/a", baseUrl: "unix:///a" }],
    ["tls with https in capitals", { baseUrl: "HTTPS://b", tls: { ca: "x" } }],
    [
      "members that are undefined",
      { socket: undefined, baseUrl: undefined, fetch: undefined, tls: undefined },
    ],
  ])("are not these: %s", (_what, options) => {
    expect(resolveRoute(options, {})).toBeDefined();
  });

  it("a dispatcher is used and the socket beside it is not", () => {
    const route = resolveRoute({ dispatcher: noDispatcher, socket: "/a" }, {});
    expect(route).toMatchObject({ socket: undefined, dispatcher: noDispatcher, baseUrl: "http://localhost" });
  });
});

it("one socket under both of the environment's names is one place", () => {
  const environment = {
    LATCHGATE_URL: "unix:///run/latchgate/gate.sock",
    LATCHGATE_SOCKET: "/run/latchgate/gate.sock",
  };
  expect(resolveRoute({}, environment).socket).toBe("/run/latchgate/gate.sock");
});

describe("carrier", () => {
  it.each(["undici", "node:http"] as const)("is what is given: %s", (carrier) => {
    expect(resolveRoute({ carrier, socket: "/a" }, {}).carrier).toBe(carrier);
    expect(resolveOperatorRoute({ carrier, socket: "/a" }, {}).carrier).toBe(carrier);
  });

  it("is refused where it is none, or somebody else moves the bytes", () => {
    expect(refusal({ carrier: "fetch" as "undici" }).message).toMatch(
      /carrier must be "undici" or "node:http"/,
    );
    expect(refusal({ carrier: "undici", fetch: noFetch }).message).toMatch(/carrier and fetch contradict/);
    expect(refusal({ carrier: "undici", dispatcher: noDispatcher }).message).toMatch(
      /carrier and dispatcher/,
    );
  });
});

describe("maxResponseBytes", () => {
  it("is 16 MiB unless given", () => {
    expect(resolveRoute({}, {}).maxResponseBytes).toBe(16 * 1024 * 1024);
    expect(resolveRoute({ maxResponseBytes: 5 }, {}).maxResponseBytes).toBe(5);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("is refused as %s", (maxResponseBytes) => {
    refusal({ maxResponseBytes });
  });
});
