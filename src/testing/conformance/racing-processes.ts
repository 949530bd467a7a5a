import { type ChildProcess, spawn } from "node:child_process";

/** Processes that add the same ids at the same time. */
export interface Race {
  /** The URL of a module whose default export opens a journal. */
  readonly module: string;
  readonly processes: number;
  readonly execArgv: readonly string[];
  readonly ids: readonly string[];
  readonly entry: object;
}

/** What each process runs: it is told when to start, so that all are there by then. */
const RACER = `
const { default: open } = await import(process.argv[1]);
const journal = await open();
process.on("message", async ({ ids, entry }) => {
  const told = await Promise.all(ids.map((id) => journal.add(id, entry)));
  process.send({ told });
});
process.send("ready");
`;

const START_MS = 120_000;

/**
 * Lets them race, kills each as soon as it has said what it was told, and gives that for each of them.
 * @throws when one of them can't be started, or fails
 */
export async function racing({
  module,
  processes,
  execArgv,
  ids,
  entry,
}: Race): Promise<readonly unknown[][]> {
  const children = Array.from({ length: processes }, () =>
    spawn(process.execPath, [...execArgv, "--input-type=module", "-e", RACER, module], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    }),
  );
  try {
    await Promise.all(children.map((child) => said(child)));
    const answers = children.map((child) => said(child));
    for (const child of children) child.send({ ids, entry });
    return await Promise.all(
      answers.map(async (answer, at) => {
        const { told } = (await answer) as { told: unknown[] };
        children[at]?.kill("SIGKILL");
        return told;
      }),
    );
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

/** What a process says next. */
function said(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let words = "";
    const heard = (text: Buffer) => {
      words += text;
    };
    const end = () => {
      clearTimeout(timer);
      child.stderr?.off("data", heard);
      child.off("message", message).off("exit", exit).off("error", fail);
    };
    const fail = (error: Error) => {
      end();
      reject(error);
    };
    const message = (value: unknown) => {
      end();
      resolve(value);
    };
    const exit = (code: number | null) =>
      fail(new Error(`a racing process ended with ${code}: ${words.slice(-500)}`));
    const timer = setTimeout(() => fail(new Error("a racing process said nothing")), START_MS);
    child.stderr?.on("data", heard);
    child.on("message", message).on("exit", exit).on("error", fail);
  });
}
