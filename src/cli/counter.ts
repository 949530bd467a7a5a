import yoctoSpinner, { type Spinner } from "yocto-spinner";
import type { Terminal } from "./command.ts";

/** What a person sees of work that takes longer than a second; nobody sees it where nobody looks on. */
export interface Counter {
  /** One more is done. */
  tick(): void;
  /** Takes it off the terminal again. */
  end(): void;
}

const PATIENCE_MS = 1_000;
const REFRESH_MS = 100;

/** @param noun what is counted, in the plural */
export function createCounter({ watched }: Pick<Terminal, "watched">, noun: string): Counter {
  if (watched === undefined) return { tick() {}, end() {} };
  const began = performance.now();
  let count = 0;
  let shown = 0;
  let spinner: Spinner | undefined;
  const words = () => {
    const rate = Math.round(count / ((performance.now() - began) / 1_000));
    return `${count.toLocaleString("en")} ${noun}, ${rate.toLocaleString("en")} a second`;
  };
  const waiting = setTimeout(() => {
    spinner = yoctoSpinner({ stream: watched, text: words() }).start();
  }, PATIENCE_MS);
  waiting.unref();
  return {
    tick() {
      count += 1;
      if (spinner === undefined || performance.now() - shown < REFRESH_MS) return;
      shown = performance.now();
      spinner.text = words();
    },
    end() {
      clearTimeout(waiting);
      spinner?.stop();
    },
  };
}

/** The same items, each counted when it comes by. */
export async function* counted<Item>(items: AsyncIterable<Item>, counter: Counter): AsyncGenerator<Item> {
  for await (const item of items) {
    counter.tick();
    yield item;
  }
}
