import type { Json } from "../../documents/document.ts";
import { type BufferedResponse, SendFailure } from "../../wire/send.ts";
import type { Transport } from "../../wire/transport.ts";
import type { Answer } from "../check/judge.ts";
import type { Asker, Probe } from "./probe.ts";

/** Hears of everything that is asked. */
export interface Witness {
  answered(probe: Probe, answer: Answer, at: { readonly startedMs: number; readonly ms: number }): void;
  /** There was no answer, or none that says anything about the probe. */
  notMade(id: string, why: string): void;
}

const TIMEOUT_MS = 45_000;
const TRIES = 3;

/** Asks at one socket. A gate that is asked too much is asked again; what it then still refuses was not asked. */
export function createAsker(transport: Transport, witness: Witness, pauseMs = 1_000): Asker {
  const { publicBaseUrl } = transport.route;
  let silent: string | undefined;

  async function send({ method, path, headers = {}, body }: Probe): Promise<Answer> {
    const request = {
      target: path,
      method,
      headers,
      body,
      signal: undefined,
      timeoutMs: TIMEOUT_MS,
    };
    for (let tried = 1; ; tried += 1) {
      const answer = await readAnswer(await transport.send(request));
      if (answer.status !== 429 || tried === TRIES) return answer;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  return {
    publicBaseUrl,
    async ask(probe) {
      // A gate that can't be reached can't be reached: a hundred lines would say no more.
      if (silent !== undefined) {
        witness.notMade(probe.id, silent);
        return undefined;
      }
      const startedMs = Date.now();
      try {
        const answer = await send(probe);
        const busy = unable(probe, answer);
        if (busy === undefined) {
          witness.answered(probe, answer, { startedMs, ms: Date.now() - startedMs });
          return answer;
        }
        witness.notMade(probe.id, busy);
      } catch (error) {
        if (!(error instanceof SendFailure)) throw error;
        if (!error.sent) silent = error.message;
        witness.notMade(probe.id, error.message);
      }
      return undefined;
    },
    leave: (id, why) => witness.notMade(id, why),
  };
}

/** Why an answer says nothing about the probe: the gate has no time, no means, or does not know who asks. */
function unable({ due, headers = {} }: Probe, { status, text }: Answer): string | undefined {
  if (due.some((one) => one.startsWith(`${status}`))) return undefined;
  if (status === 429) return `the gate is asked too much (429 in ${TRIES} tries)`;
  if (status === 503) return `the gate is not able to (503 ${text.slice(0, 80)})`;
  if (status === 401 && headers["dpop"] !== undefined)
    return `the gate does not take these credentials (401 ${text.slice(0, 120)})`;
  return undefined;
}

async function readAnswer(response: BufferedResponse): Promise<Answer> {
  const text = await response.text();
  const headers = Object.fromEntries(
    [...response.headers].map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    status: response.status,
    headers,
    text,
    json: headers["content-type"]?.startsWith("application/json") ? parsed(text) : undefined,
  };
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
