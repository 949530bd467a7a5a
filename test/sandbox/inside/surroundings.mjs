// That this is what the gate's sandbox is: whatever the other programs prove, they prove it there.
import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { hostname, networkInterfaces, userInfo } from "node:os";

assert.deepEqual([process.getuid(), process.getgid()], [65534, 65534]);
assert.deepEqual(Object.keys(networkInterfaces()), ["lo"]);
assert.equal(existsSync("/etc/hosts"), false);
assert.equal(hostname(), "sandbox");
assert.equal(process.cwd(), "/workspace");
const { LATCHGATE_URL, XDG_RUNTIME_DIR, USER, HTTP_PROXY } = process.env;
assert.equal(LATCHGATE_URL, "unix:///run/latchgate/gate.sock");
assert.deepEqual([XDG_RUNTIME_DIR, USER], [undefined, undefined]);
assert.match(HTTP_PROXY, /^http:\/\/127\.0\.0\.1:\d+$/);
assert.throws(userInfo);
await assert.rejects(lookup("localhost"));
for (const tcp of [() => connect(80, "127.0.0.1"), () => createServer().listen(0, "127.0.0.1")])
  assert.equal((await once(tcp(), "error"))[0].code, "EACCES");
const limits = readFileSync("/proc/self/limits", "latin1");
for (const limit of [
  /^Max address space +8589934592 /m,
  /^Max data size +4294967296 /m,
  /^Max processes +512 /m,
  /^Max open files +4096 /m,
])
  assert.match(limits, limit);
