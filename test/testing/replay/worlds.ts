import type { MockGate, MockGateOptions } from "../../../src/testing/index.ts";
import type { VirtualTime } from "./virtual.ts";

/** A request that the recorded world had and the recording has not: known from what it left in the ledger and in lists. */
export interface Extra {
  /** The time of day. */
  readonly at: string;
  /** The exchange that gave the lease it came with; `operator`. */
  readonly as?: string;
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  /** The recorded name of the approval that it opened. */
  readonly approvalId?: string;
  /** The same request as an exchange, proof and all. */
  readonly same?: string;
  /** What the recording says that its parameters hash to. */
  readonly requestHash?: string;
  /** The client is gone after so many milliseconds. */
  readonly dropAfterMs?: number;
  readonly uid?: number;
  /** The proof's, where the ledger names it. */
  readonly jti?: string | undefined;
  /** The recorded name of the receipt that the last event of the ledger names: a read of the ledger that was not recorded. */
  readonly lastReceipt?: string;
  /** It was asked at once with others. */
  readonly together?: boolean;
  /** Something else that happened. */
  readonly act?: (gate: MockGate) => void;
}

export interface WorldOfFile {
  readonly file: string;
  /** Which run of a file that holds several. */
  readonly run?: string;
  readonly date: string;
  /** When the gate's process began. */
  readonly started: string;
  readonly options: MockGateOptions;
  readonly extras: readonly Extra[];
  /** What needs the replay's time. */
  readonly more?: (time: VirtualTime) => MockGateOptions;
  /** Bodies that were recorded by their size only. */
  readonly bodies?: Readonly<Record<string, string>>;
  /** Hashes of parameters in which the recorder has replaced a directory afterwards. */
  readonly rewritten?: readonly string[];
  /** Exchanges that were asked at once. */
  readonly together?: RegExp;
  /** Milliseconds by which an exchange of a burst came sooner (or later): in which order a burst arrived is not recorded. */
  readonly shifts?: Readonly<Record<string, number>>;
}

const RECORDER = {
  principal: "agent:recorder",
  owner: "recorder@example.com",
  identity: "peercred",
} as const;

function execute(at: string, as: string, actionId: string, body: unknown, more: Partial<Extra> = {}): Extra {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { at, as, method: "POST", path: `/v1/actions/${actionId}/execute`, body: text, ...more };
}

function operate(at: string, method: string, path: string, body?: unknown): Extra {
  return { at, as: "operator", method, path, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
}

const approve = (at: string, id: string, jti?: string): Extra => ({
  ...operate(at, "POST", `/v1/approvals/${id}/approve`),
  jti,
});
const read = (path: string) => ({ operation: "read", path });
const remove = (path: string) => ({ operation: "delete", path });
const write = (path: string, content: string) => ({
  operation: "write",
  path,
  content_base64: Buffer.from(content).toString("base64"),
  mode: "create",
});

/** Requests of a burst that were not recorded. */
function burst(at: string, count: number, make: (at: string) => Extra): Extra[] {
  return Array.from({ length: count }, () => make(at));
}

const readAtOnce = (at: string) => execute(at, "session.rate", "fs_read", read("docs/notes.md"));

const lease = (at: string, more: Partial<Extra> = {}): Extra => ({
  at,
  method: "POST",
  path: "/v1/leases",
  ...more,
});

const allowlist = "/v1/admin/policy/allowlist";
const [postPair, writePair] = ["http_post", "fs_write"].map((action_id) => ({
  action_id,
  agent_id: "agent:recorder",
}));
const granted = "http_fetch,http_post,http_delete,fs_read,fs_write,fs_delete,http_sensitive_read".split(",");
const url = (text: string) => ({ url: text });

const main: WorldOfFile = {
  file: "main",
  date: "2026-11-24",
  started: "02:52:44.800",
  options: { ...RECORDER, grants: ["fs_read", "http_fetch"] },
  extras: [
    lease("02:52:59.357"),
    execute("02:53:00.633", "session.a", "fs_read", read("src/.env"), {
      approvalId: "01a20b78-915c-7953-8739-be4b07235299",
    }),
    execute("02:53:00.664", "session.a", "fs_read", read("other/file.txt"), {
      approvalId: "01a20b78-9179-7503-8383-98899725258d",
    }),
    execute("02:53:00.800", "session.a", "http_fetch", url("http://httpbin.org/status/404")),
    execute("02:53:00.845", "session.a", "http_fetch", url("http://httpbin.org:81/get")),
    execute("02:53:01.110", "session.a", "http_fetch", url("http://127.0.0.1/"), {
      approvalId: "01a20b78-9338-7fc0-b6eb-8030f3f2c3e5",
    }),
    execute("02:53:02.230", "session.a", "http_fetch", url("http://example.com/a"), {
      approvalId: "01a20b78-9797-7db0-a7bd-aeb0231d19fc",
    }),
    execute("02:53:02.240", "session.a", "http_post", { ...url("http://httpbin.org/post"), body: "{}" }),
    execute("02:53:02.254", "session.a", "http_fetch", {}),
    execute("02:53:02.259", "session.a", "http_fetch", { ...url("http://httpbin.org/get"), more: 1 }),
    execute("02:53:02.313", "session.a", "http_fetch", { url: Array(101).fill(1) }),
    execute("02:53:03.448", "unproved session.a", "fs_read", read("docs/notes.md")),
    execute("02:53:03.491", "tampered session.a", "fs_read", read("docs/notes.md")),
    { at: "02:53:03.500", same: "auth.replay" },
    { at: "02:53:03.523", same: "auth.burn-404-again" },
    execute("02:53:04.640", "session.budget", "fs_read", read("docs/notes.md")),
    execute("02:53:04.680", "session.budget", "fs_read", read("docs/notes.md")),
    execute("02:53:04.695", "session.budget-race", "http_fetch", url("http://httpbin.org/delay/0.3"), {
      together: true,
    }),
    execute("02:53:05.101", "session.no-call-scope", "fs_read", read("docs/notes.md")),
    operate("02:53:07.420", "POST", "/v1/admin/policy/grant", {
      principal: "agent:recorder",
      actions: granted,
    }),
    operate("02:53:07.926", "POST", "/v1/admin/reload"),
    execute("02:53:09.100", "session.a", "http_post", { ...url("http://httpbin.org/post"), body: '{"n":1}' }),
    execute("02:53:09.158", "session.a", "http_delete", url("http://httpbin.org/delete"), {
      approvalId: "01a20b78-b2a6-7581-ad88-d71292ffbc7d",
    }),
    execute("02:53:09.260", "session.a", "http_sensitive_read", url("http://httpbin.org/get"), {
      approvalId: "01a20b78-b30c-7a20-a76e-29036b00c75f",
    }),
    execute("02:53:10.402", "session.a", "fs_write", write("docs/a7.md", "hello\n"), {
      approvalId: "01a20b78-b782-7f62-8176-82bc57320b5d",
    }),
    operate("02:53:13.868", "POST", "/v1/admin/paths", { action_id: "http_fetch", path_glob: "notes/**" }),
    operate("02:53:16.116", "POST", allowlist, postPair),
    operate("02:53:16.194", "DELETE", allowlist, postPair),
    operate("02:53:16.210", "POST", allowlist, writePair),
    operate("02:53:16.239", "DELETE", allowlist, writePair),
    ...[
      burst("02:53:18.530", 11, readAtOnce),
      burst("02:53:18.536", 7, readAtOnce),
      burst("02:53:18.539", 5, readAtOnce),
    ].flat(),
    ...burst("02:53:20.225", 52, (at) => lease(at)),
    ...burst("02:53:21.808", 4, (at) => ({ at, same: "rate.anonymous-1" })),
    operate("02:53:23.320", "POST", "/v1/admin/drain"),
  ],
  together: /^budget\.race/,
  shifts: {
    "budget.race-4": -0.1,
    "lease.rate-40": -5,
    "lease.rate-18": 3,
    "lease.rate-19": 3,
    "rate.anonymous-7": 3,
  },
};

const fsWrite: WorldOfFile = {
  file: "fs-write",
  date: "2026-11-24",
  started: "16:16:19.000",
  options: {
    ...RECORDER,
    grants: [],
    root: "/srv/fsw/ws",
    directories: ["/srv/fsw/ws2/docs", "/srv/fsw/ws2"],
    fsRootPrefixes: ["/srv/fsw"],
    files: { "other/file.txt": "other\n", "src/.env": "SECRET=1\n" },
  },
  rewritten: [
    "sha256:03d87b83b527ff15551b790e0cd444877797eb0777f38c09c254d7372ca7345a",
    "sha256:8226c7712de925d23ededf3ba1f86718330484af4831360aa0036ef775a0556f",
  ],
  extras: [
    operate("16:16:19.500", "POST", "/v1/admin/policy/grant", {
      principal: "agent:recorder",
      actions: ["fs_read", "fs_write", "fs_delete"],
    }),
    execute("16:16:19.998", "lease.gate-root", "fs_write", write("docs/a.md", "hello\n"), {
      approvalId: "01a20e58-0821-78c1-95a9-8cd5019f7cca",
    }),
    execute("16:16:20.090", "lease.gate-root", "fs_write", write("docs/c.md", "hello\n"), {
      approvalId: "01a20e58-087b-7c71-a0cb-792bf24b53de",
    }),
    execute("16:16:20.136", "lease.gate-root", "fs_write", write("src/d.md", "hello\n"), {
      approvalId: "01a20e58-08a9-73d1-b39f-cd7615bdd1d0",
    }),
    { at: "16:16:20.026", lastReceipt: "01a20e58-082f-7d73-a155-d0b31fc240c4" },
    { at: "16:16:20.255", lastReceipt: "01a20e58-0919-7fe2-a1f4-203bdd4bd68d" },
    approve("16:16:20.226", "01a20e58-08fe-7a10-9ad0-6651fc73113c", "590bb467-6c20-4e9e-9be1-c4b9e52d0128"),
    approve("16:16:20.245", "01a20e58-0912-7621-9506-c2875c673e80"),
    approve("16:16:20.265", "01a20e58-0924-71c1-bbde-e24640284adf"),
    execute("16:16:20.280", "lease.gate-root", "fs_delete", remove("docs/c.md"), {
      approvalId: "01a20e58-0938-7df0-8cbb-edd0a1602076",
    }),
    execute("16:16:20.298", "lease.gate-root", "fs_delete", remove("docs/c.md"), {
      approvalId: "01a20e58-094a-7041-8ee5-adcf61f65515",
    }),
    approve("16:16:20.303", "01a20e58-094a-7041-8ee5-adcf61f65515", "9b51d0e6-d97e-45ad-a64a-eab3d85a9c9d"),
    execute("16:16:20.316", "lease.gate-root", "fs_write", write("docs/.env", "X=1\n"), {
      approvalId: "01a20e58-095d-73c3-b420-01b279c9e888",
    }),
    execute("16:16:20.332", "lease.gate-root", "fs_write", write("docs/package.json", "{}\n"), {
      approvalId: "01a20e58-096e-7102-a60d-5f4b3bc92b2a",
    }),
    execute("16:16:20.386", "lease.gate-root", "fs_read", read("src/.env"), {
      approvalId: "01a20e58-09a3-7361-b993-58f9b7ade724",
    }),
    execute("16:16:20.428", "lease.own-root", "fs_write", write("/srv/fsw/ws2/docs/abs.md", "hello\n"), {
      approvalId: "01a20e58-09cd-7463-a2b8-fae7e5a1c3f7",
    }),
    approve("16:16:20.434", "01a20e58-09cd-7463-a2b8-fae7e5a1c3f7", "7165867f-9693-4ec4-9737-6dc34b0103d3"),
  ],
};

const LONG = { leaseTtlSeconds: 1800, grants: ["fs_read", "http_fetch"] };

export const worlds: readonly WorldOfFile[] = [
  main,
  {
    file: "tcp",
    date: "2026-11-24",
    started: "02:56:32.000",
    options: { publicBaseUrl: "http://127.0.0.1:3900", leaseTtlSeconds: 2 },
    extras: [{ at: "02:56:42.500", act: (gate) => gate.restart() }],
  },
  {
    file: "mtls",
    date: "2026-11-24",
    started: "16:15:22.900",
    options: { ...RECORDER, ...LONG, leaseTtlSeconds: 300, files: { "other/file.txt": "other\n" } },
    extras: [],
  },
  {
    file: "peercred",
    date: "2026-11-24",
    started: "16:15:33.000",
    options: {
      identity: "peercred",
      grants: { "*": ["fs_read"] },
      peers: {
        0: { principal: "agent:recorder", owner: "recorder@example.com" },
        1101: {
          principal: "agent:ceiling",
          owner: "payments@example.com",
          scopes: ["tools:call", "team:payments"],
        },
        1102: { principal: "agent:bare" },
        1103: { principal: "agent:auditor" },
      },
    },
    extras: [
      lease("16:15:33.757", { uid: 1102 }),
      lease("16:15:34.860", { uid: 1103 }),
      lease("16:15:35.875", { uid: 1101 }),
    ],
  },
  fsWrite,
  {
    file: "expired",
    date: "2026-11-24",
    started: "16:14:44.900",
    options: { ...RECORDER, ...LONG },
    extras: [
      execute("16:14:45.019", "lease", "fs_read", read("other/approve.txt"), {
        approvalId: "01a20e56-951b-7480-8897-e14f6ea2c89e",
      }),
      execute("16:14:45.054", "lease", "fs_read", read("other/leave.txt"), {
        approvalId: "01a20e56-953f-7a40-a8f2-feebe9b0abc1",
      }),
    ],
  },
  {
    file: "abandoned",
    date: "2026-11-24",
    started: "16:18:59.000",
    options: { ...RECORDER, ...LONG },
    extras: [
      {
        ...approve("16:18:59.797", "01a20e5a-7846-74c3-b4dc-a95c7ba45380"),
        dropAfterMs: 1000,
      },
    ],
  },
];
