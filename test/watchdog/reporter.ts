import { relative } from "node:path";
import type { Reporter, TestCase, TestModule, TestSpecification } from "vitest/node";
import { childrenOf, killAll } from "./processes.ts";
import { stacksOf } from "./stacks.ts";

/** How long a test file may say nothing. */
const LIMIT_MS = 120_000;

/** What a file was last heard of. */
interface Sign {
  readonly at: number;
  readonly what: string;
}

/**
 * Ends a run that hangs. A test's own time-out needs a turn of its event loop, which a loop that waits for nothing never
 * gives; so this watches from the process that started the workers: of a file that has said nothing for so long it shows
 * what every worker is doing, and the run fails.
 */
export function watchdog(options: { readonly limitMs?: number } = {}): Reporter {
  const limitMs = options.limitMs ?? LIMIT_MS;
  const open = new Map<string, Sign>();
  let heard = Date.now();
  let timer: NodeJS.Timeout | undefined;

  function sign(file: string, what: string): void {
    heard = Date.now();
    open.set(file, { at: heard, what });
  }

  async function look(): Promise<void> {
    const now = Date.now();
    const silent = [...open].filter(([, { at }]) => now - at > limitMs);
    // A worker that never begins has no file: then nothing at all is heard of.
    if (silent.length === 0 && now - heard <= limitMs) return;
    clearInterval(timer);
    console.error(`\nwatchdog: nothing was heard for ${limitMs / 1000} s`);
    for (const [file, { what, at }] of silent)
      console.error(`  ${file}: ${what}, ${Math.round((now - at) / 1000)} s ago`);
    if (silent.length === 0) console.error("  no file is under way: a worker has not begun");
    const workers = childrenOf(process.pid);
    for (const worker of workers) console.error(`\n${await stacksOf(worker)}`);
    killAll(workers);
    process.exit(1);
  }

  return {
    onTestRunStart(specifications: readonly TestSpecification[]) {
      open.clear();
      clearInterval(timer);
      heard = Date.now();
      if (specifications.length > 0) timer = setInterval(() => void look(), Math.min(1000, limitMs / 4));
    },
    onTestModuleQueued: (module) => sign(nameOf(module), "was given to a worker"),
    onTestModuleCollected: (module) => sign(nameOf(module), "had told its tests"),
    onTestCaseReady: (test) => sign(nameOf(test.module), `had begun "${test.fullName}"`),
    onTestCaseResult: (test) => sign(nameOf(test.module), `had ended "${test.fullName}"`),
    onTestModuleEnd(module) {
      heard = Date.now();
      open.delete(nameOf(module));
    },
    onTestRunEnd: () => clearInterval(timer),
  };
}

const nameOf = (module: TestModule | TestCase["module"]) => relative(process.cwd(), module.moduleId);
