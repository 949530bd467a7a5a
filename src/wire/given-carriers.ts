import { type Attempt, neverSent } from "./attempt.ts";
import { type DispatcherLike, prefixOf } from "./config.ts";
import { HeaderRecord, headerOf } from "./raw-headers.ts";

/** A caller's dispatcher, of whatever undici: only its public `request()` is the same in 6, 7 and 8. */
export async function sendByDispatcher(
  attempt: Attempt,
  baseUrl: string,
  dispatcher: DispatcherLike,
): Promise<void> {
  const { request } = attempt;
  const signal = handedOver(attempt);
  try {
    const { statusCode, headers, body } = await dispatcher.request({
      origin: new URL(baseUrl).origin,
      path: `${prefixOf(baseUrl)}${request.target}`,
      method: request.method,
      headers: { ...request.headers },
      body: request.body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
      // Whatever the dispatcher does with other people's requests.
      maxRedirections: 0,
    });
    attempt.answering = true;
    if (attempt.admits(headerOf(headers, "content-length")))
      for await (const chunk of body) if (!attempt.grow(chunk)) break;
    attempt.succeed(statusCode, new HeaderRecord(headers));
  } catch (error) {
    attempt.failFrom(error, attempt.answering || !neverSent(error));
  }
}

/** A caller's `fetch`. It is taken to have sent the request unless its error says that it could not connect. */
export async function sendByFetch(
  attempt: Attempt,
  baseUrl: string,
  fetch: typeof globalThis.fetch,
): Promise<void> {
  const { request } = attempt;
  const signal = handedOver(attempt);
  try {
    const response = await fetch(`${baseUrl}${request.target}`, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: "manual",
      signal,
    });
    attempt.answering = true;
    if (response.redirected) {
      attempt.fail(
        "redirected",
        "the fetch that was given has followed a redirect: this is another's answer",
      );
      return;
    }
    if (attempt.admits(response.headers.get("content-length"))) await readBody(attempt, response);
    attempt.succeed(response.status, response.headers);
  } catch (error) {
    attempt.failFrom(error, attempt.answering || !neverSent(error));
  }
}

/** Gives what stops it. Until the promise of whoever carries it settles, nobody can tell how far it came. */
function handedOver(attempt: Attempt): AbortSignal {
  const controller = new AbortController();
  attempt.carrier = { stop: (reason) => controller.abort(reason) };
  attempt.sent = true;
  return controller.signal;
}

async function readBody(attempt: Attempt, response: Response): Promise<void> {
  // A stand-in for fetch may give an answer that has only text().
  if (response.body === undefined) attempt.grow(Buffer.from(await response.text()));
  else if (response.body !== null) for await (const chunk of response.body) if (!attempt.grow(chunk)) break;
}
