import { mulberry32 } from "../formats/random.ts";
import type { FaultHandle } from "../stores/faults.ts";
import type { WebhookKind } from "./events.ts";

/** What befalls an event on its way to an endpoint. */
export type WebhookFault =
  /** It never comes, as when the gate dies, its channel is full, or the host can't be found. */
  | { readonly kind: "lost" }
  /**
   * The receiver has it twice. By default the gate does not hear the first answer, and sends again as it does after a
   * failure: nothing comes again where `maxRetries` is 0. `at once`: the same bytes a second time, whatever the answer.
   */
  | { readonly kind: "doubled"; readonly again?: "retried" | "at once" }
  /**
   * It comes later by `ms` of the gate's clock. By default the gate sends it later, signed when it is sent. `network`: it
   * was signed before, and the gate gives the attempt up when its time is over, and tries again.
   */
  | { readonly kind: "late"; readonly ms: number; readonly held?: "gate" | "network" }
  /** It comes after the next one for its endpoint, or after `ms` (1000 when left out) if there is no next one. */
  | { readonly kind: "reordered"; readonly ms?: number };

/** Which events a fault befalls, counted per endpoint: all of them when nothing is said, one of them when no number is. */
export interface WebhookFaultMatch {
  /** Names of endpoints. */
  readonly endpoint?: string | readonly string[];
  readonly event?: WebhookKind | readonly WebhookKind[];
  /** How many; `Infinity` for all. 1 when left out. */
  readonly times?: number;
  /** How many matching ones are left alone first. */
  readonly skip?: number;
  /** Befalls a matching one with this probability, drawn from `seed`: the same seed, the same events. */
  readonly chance?: number;
  readonly seed?: number;
}

/** Whether a gate, or a network behind one, really does this. */
export function isFaithfulWebhookFault(fault: WebhookFault): boolean {
  // A gate signs each attempt anew, after a pause; two copies with one signature are of somebody else's making.
  return !(fault.kind === "doubled" && fault.again === "at once");
}

/** The faults of a gate's webhooks, in the order in which they were set: the first that fits takes the event. */
export function createWebhookFaults() {
  const waiting: (FaultHandle & { take(endpoint: string, event: string): WebhookFault | undefined })[] = [];

  function add(match: WebhookFaultMatch, fault: WebhookFault): FaultHandle {
    const { times = 1, skip = 0, chance = 1, seed = 1 } = match;
    const random = mulberry32(seed);
    const [endpoints, events] = [listOf(match.endpoint), listOf<string>(match.event)];
    const left = { skip, times };
    const entry = {
      befell: 0,
      faithful: isFaithfulWebhookFault(fault),
      remove: () => {
        const at = waiting.indexOf(entry);
        if (at >= 0) waiting.splice(at, 1);
      },
      take(endpoint: string, event: string): WebhookFault | undefined {
        if (left.times <= 0 || endpoints?.includes(endpoint) === false || events?.includes(event) === false)
          return undefined;
        if (left.skip > 0) {
          left.skip -= 1;
          return undefined;
        }
        if (chance < 1 && random() >= chance) return undefined;
        left.times -= 1;
        entry.befell += 1;
        if (left.times === 0) entry.remove();
        return fault;
      },
    };
    waiting.push(entry);
    return entry;
  }

  function take(endpoint: string, event: string): WebhookFault | undefined {
    for (const entry of [...waiting]) {
      const fault = entry.take(endpoint, event);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  return { add, take };
}

function listOf<Word extends string>(words: Word | readonly Word[] | undefined): readonly Word[] | undefined {
  return typeof words === "string" ? [words] : words;
}
