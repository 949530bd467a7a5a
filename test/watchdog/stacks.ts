import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { openInspector } from "./inspector.ts";
import { commandOf, stateOf } from "./processes.ts";

/** For so long a process is watched: a loop over promises has no stack worth the name at any one moment. */
const PROFILE_MS = 1000;
/** So many of its stacks are shown, those that were seen most often first. */
const STACKS = 6;

interface Profile {
  readonly nodes: readonly ProfileNode[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly hitCount?: number;
  readonly children?: readonly number[];
}

/** What a process is doing: the stacks that it is seen at, or what it waits for if there are none. */
export async function stacksOf(pid: number): Promise<string> {
  const lines = [`process ${pid} (${stateOf(pid)}): ${commandOf(pid)}`];
  try {
    const inspector = await openInspector(pid);
    const expression = "process.getActiveResourcesInfo().join(', ')";
    const { result } = await inspector.ask("Runtime.evaluate", { expression, returnByValue: true });
    lines.push(`  waits for: ${(result as { readonly value?: string }).value || "nothing that has a name"}`);
    await inspector.ask("Profiler.enable");
    await inspector.ask("Profiler.start");
    await pause(PROFILE_MS);
    const { profile } = await inspector.ask("Profiler.stop");
    lines.push(...shown(profile as Profile));
    inspector.close();
  } catch (error) {
    lines.push(`  can't be looked into: ${messageOf(error)}`, nativeStackOf(pid));
  }
  return lines.join("\n");
}

function shown({ nodes }: Profile): string[] {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node])));
  const seen = nodes
    .filter(({ callFrame, hitCount = 0 }) => hitCount > 0 && !callFrame.functionName.startsWith("("))
    .sort((one, other) => (other.hitCount ?? 0) - (one.hitCount ?? 0));
  if (seen.length === 0) return ["  runs nothing: its event loop waits"];
  const all = nodes.reduce((sum, { hitCount = 0 }) => sum + hitCount, 0);
  return seen.slice(0, STACKS).flatMap((leaf) => {
    const stack: string[] = [];
    for (let node: ProfileNode | undefined = leaf; node !== undefined; node = parents.get(node.id)) {
      const { functionName, url, lineNumber } = node.callFrame;
      if (functionName !== "(root)")
        stack.push(`    at ${functionName || "(anonymous)"} (${url}:${lineNumber + 1})`);
    }
    return [`  busy, in ${leaf.hitCount} of ${all} samples`, ...stack];
  });
}

/** A process whose inspector does not open is held outside of JavaScript: where, a debugger can say. */
function nativeStackOf(pid: number): string {
  try {
    const commands = ["-p", String(pid), "-batch", "-ex", "thread apply all backtrace 30"];
    return execFileSync("gdb", commands, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 60_000,
    });
  } catch (error) {
    return `  gdb: ${messageOf(error)}`;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
