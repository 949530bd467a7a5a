import { afterAll, expect, test } from "vitest";
import { MockGate, type MockGateOptions, MockGateStartError } from "../../../src/testing/index.ts";
import { optionOf, recording } from "./recording.ts";

let alike = 0;

const ENVIRONMENT = { ...recording.environment, EMPTY_ONE: "" };

test("a gate starts, or does not and says why, as the recorded one did", () => {
  for (const { id, webhooks, posture, edit, outcome, stderr } of recording.refusals) {
    const mode = /webhook_mode = \\"(\w+)\\"/.exec(JSON.stringify(edit ?? ""))?.[1];
    const options = {
      webhooks: webhooks.map(optionOf),
      devMode: posture === "relaxed",
      webhookSettings: { environment: ENVIRONMENT, ...(mode === undefined ? {} : { mode }) },
    } as unknown as MockGateOptions;
    expect({ id, ...startOf(options) }).toEqual({ id, outcome, ...wordsOf(stderr) });
    alike += 1;
  }
});

function startOf(options: MockGateOptions) {
  try {
    new MockGate(options);
    return { outcome: "started" };
  } catch (error) {
    if (!(error instanceof MockGateStartError)) throw error;
    return { outcome: "exit 1", startupError: error.startupError, detail: error.detail };
  }
}

/** What a gate prints: JSON, or the text of an error of its whole file, of which the last line is about the member. */
function wordsOf(stderr: string | undefined) {
  if (stderr === undefined) return {};
  if (!stderr.startsWith("{")) return { startupError: "", detail: stderr.trimEnd().split("\n").at(-1) };
  const { startup_error, detail } = JSON.parse(stderr) as { startup_error: string; detail: string };
  return { startupError: startup_error, detail };
}

afterAll(() => console.log(`starts and refusals: ${alike} of ${recording.refusals.length}`));
