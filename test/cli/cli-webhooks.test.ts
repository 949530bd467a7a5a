import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "../../src/cli/dispatch.ts";
import { deliveries, valuesOf } from "../webhooks/recorded.ts";
import { eventText, pending, revocation, SECRET, signed } from "../webhooks/signed.ts";

const folder = mkdtempSync(join(tmpdir(), "latchgate-webhooks-"));
afterAll(() => rmSync(folder, { recursive: true }));

function terminal(env: Record<string, string> = { HOOK_SECRET: SECRET }) {
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  const at = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    cwd: folder,
    env,
    signal: stop.signal,
  };
  return { at, out, err, stop };
}

async function verified(content: string, ...more: string[]) {
  writeFileSync(join(folder, "delivery"), content);
  const { at, out, err } = terminal();
  const code = await run(["webhooks", "verify", "delivery", "--secret-env", "HOOK_SECRET", ...more], at);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("webhooks verify says what a saved delivery is, of any age, as JSON or as the bytes of the request", async () => {
  const body = revocation();
  const headers = signed(body, { at: Date.parse("2025-01-01T00:00:00Z") });
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const files = [
    JSON.stringify({ headers, body }),
    JSON.stringify({ request: { headers: Object.entries(headers), body } }),
    `${["POST /hooks HTTP/1.1", ...head].join("\r\n")}\r\n\r\n${body}`,
    `${["POST /hooks HTTP/1.1", ...head].join("\n")}\n\n${body}`,
  ];
  for (const file of files)
    expect(await verified(file)).toEqual({
      code: 0,
      out: "2026-11-28T09:00:57Z  every lease was revoked by default: epoch 0 → 1",
      err: "",
    });
  expect(JSON.parse((await verified(files[0] ?? "", "--json")).out)).toEqual(JSON.parse(body));
});

test("webhooks verify says which step failed, and nothing of body or secret", async () => {
  const body = pending();
  const forged = signed(body, { secret: "whsec_of-somebody-else" });
  const { code, out, err } = await verified(JSON.stringify({ headers: forged, body }));
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/^not verified \(signature\): no known secret/);
  expect((await verified("neither")).err).toMatch(/holds no delivery/);
  expect((await verified("{}")).code).toBe(1);
});

test("every recorded delivery of the generic format is told in words, with the command that decides a held one", async () => {
  const kinds = new Map<string, string>();
  for (const delivery of deliveries()) {
    const { type } = JSON.parse(delivery.request.body) as { type?: string };
    if (type === undefined || kinds.has(type) || valuesOf(delivery, "x-latchgate-signature").length > 1)
      continue;
    writeFileSync(join(folder, "recorded"), JSON.stringify(delivery));
    const { at, out } = terminal({ RECORDED: delivery.secret });
    expect(await run(["webhooks", "verify", "recorded", "--secret-env", "RECORDED"], at)).toBe(0);
    kinds.set(type, out.join("\n"));
  }
  expect(kinds.size).toBe(10);
  expect([...kinds.values()].join("\n")).not.toMatch(/undefined|\[object/);
  expect(kinds.get("approval.pending")).toMatch(/\n {2}latchgate-client approvals approve [0-9a-f-]{36}$/);
});

test("what agents and operators said can't move the cursor, nor put words into the command", async () => {
  const body = pending({ approval_id: "x; rm -rf ~", principal: "\u001b[2Jagent" });
  const { out } = await verified(JSON.stringify({ headers: signed(body), body }));
  expect(out).toContain("\\u001b[2Jagent");
  expect(out).toMatch(/approve x\?\?rm\?-rf\?\?$/);
  const unknown = eventText("lease\nissued", {});
  expect((await verified(JSON.stringify({ headers: signed(unknown), body: unknown }))).out).toMatch(
    /of a kind that is not known here: lease\\u000aissued$/,
  );
});

test("webhooks listen prints each verified event once, tells refusals by their code, and ends with its signal", async () => {
  const { at, out, err, stop } = terminal();
  const ended = run(
    ["webhooks", "listen", "--port", "0", "--host", "127.0.0.1", "--secret-env", "HOOK_SECRET"],
    at,
  );
  while (err.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const url = /http:\/\/\S+/.exec(err[0] ?? "")?.[0] ?? "";
  expect(err[1]).toMatch(/ports 80 and 443 only/);
  const body = pending();
  const headers = signed(body, { at: Date.now() });
  for (let times = 0; times < 2; times += 1)
    expect((await fetch(url, { method: "POST", body, headers })).status).toBe(204);
  expect((await fetch(url, { method: "POST", body, headers: {} })).status).toBe(401);
  stop.abort();
  expect(await ended).toBe(0);
  expect(out.length).toBe(2);
  expect(out[0]).toMatch(/fs_write of agent:t waits for an operator \(high risk/);
  expect(err[2]).toMatch(/^refused \(missing_header\)/);
  expect([...out, ...err].join("\n")).not.toContain(SECRET);
});

test("a secret is never taken as an argument, and wrong use says how it is used", async () => {
  const { at, err } = terminal();
  const wrong = [
    ["webhooks"],
    ["webhooks", "listen", "--port", "0"],
    ["webhooks", "listen", "--port", "0", "--secret-env", SECRET],
    ["webhooks", "listen", "--port", "0", "--secret-env", "NOT_SET"],
    ["webhooks", "listen", "--secret-env", "HOOK_SECRET"],
    ["webhooks", "listen", "--port", "x", "--secret-env", "HOOK_SECRET"],
    ["webhooks", "listen", "more", "--port", "0", "--secret-env", "HOOK_SECRET"],
    ["webhooks", "listen", "--secret", SECRET],
    ["webhooks", "verify", "--secret-env", "HOOK_SECRET"],
    ["webhooks", "verify", "a", "--port", "1", "--secret-env", "HOOK_SECRET"],
  ];
  for (const args of wrong) expect(await run(args, at), args.join(" ")).toBe(2);
  expect(err.join("\n")).not.toContain(SECRET);
});
