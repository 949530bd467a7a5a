import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { isIP } from "node:net";
import { loadFetchClasses } from "../formats/fetch-classes.ts";
import type { AttemptRequest } from "./attempt-request.ts";
import type { WebhookFetch } from "./start.ts";

/** Takes one attempt to its receiver and gives the status, once the gate would know it; rejects when none comes. */
export type Carry = (request: AttemptRequest, signal: AbortSignal) => Promise<number>;

/** Carries one delivery: its attempts share a connection, as the gate's do, and no other delivery has it. */
export interface Carrier {
  readonly carry: Carry;
  close(): void;
}

/** Through a function in this process. A receiver's `Request` has its headers joined where they come twice. */
export function fetchCarrier(fetch: WebhookFetch): Carrier {
  return {
    async carry({ url, headers, body }, signal) {
      loadFetchClasses();
      const bare = new URL(url);
      [bare.username, bare.password, bare.hash] = ["", "", ""];
      const sent = new Headers();
      for (const [name, value] of headers) sent.append(name, value);
      const request = new Request(bare, { method: "POST", headers: sent, body, redirect: "manual", signal });
      const answer = await unlessAborted(fetch(request), signal);
      // A success is one as soon as its head is there; of a failure the gate reads the body first.
      if (answer.ok) void answer.body?.cancel().catch(() => {});
      else await unlessAborted(answer.arrayBuffer(), signal);
      return answer.status;
    },
    close: () => {},
  };
}

/** Over the network, with exactly these headers: to the addresses that were checked, whatever the name means by now. */
export function networkCarrier(addresses: readonly string[]): Carrier {
  const agents = {
    "http:": new PlainAgent({ keepAlive: true }),
    "https:": new TlsAgent({ keepAlive: true }),
  };
  const lookup: LookupFunction = (_host, options, found) => {
    const all = addresses.map((address) => ({ address, family: isIP(address) }));
    const [{ address, family } = { address: "", family: 4 }] = all;
    if (options.all) found(null, all);
    else found(null, address, family);
  };

  const carry: Carry = ({ url, target, headers, body }, signal) =>
    new Promise((resolve, reject) => {
      const tls = url.protocol === "https:";
      const request = (tls ? tlsRequest : plainRequest)({
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
        path: target,
        method: "POST",
        agent: tls ? agents["https:"] : agents["http:"],
        setHost: false,
        lookup,
        signal,
      });
      const byName = new Map<string, string[]>();
      for (const [name, value] of headers) byName.set(name, [...(byName.get(name) ?? []), value]);
      for (const [name, values] of byName)
        request.setHeader(name, values.length === 1 ? (values[0] ?? "") : values);
      request.removeHeader("connection"); // a gate sends none
      request.on("error", reject);
      request.on("response", (answer) => {
        const status = answer.statusCode ?? 0;
        answer.on("error", reject);
        if (status >= 200 && status < 300) {
          resolve(status);
          answer.resume();
        } else answer.on("end", () => resolve(status)).resume();
      });
      request.end(Buffer.from(body)); // beside a text the headers would be written as UTF-8 too
    });

  return {
    carry,
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function unlessAborted<Value>(value: Value | Promise<Value>, signal: AbortSignal): Promise<Value> {
  let forget = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    forget = () => signal.removeEventListener("abort", stop);
  });
  try {
    return await Promise.race([value, aborted]);
  } finally {
    forget();
  }
}
