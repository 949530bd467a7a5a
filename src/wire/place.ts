import { resolve } from "node:path";
import { wrongOptions } from "../vocabulary/checked-options.ts";

/** Where a gate is reached: an HTTP URL, or a Unix socket. */
export type Place =
  | { readonly baseUrl: string; readonly socket?: undefined }
  | { readonly socket: string; readonly baseUrl?: undefined };

/**
 * The place that a text names: `http(s)://host[:port]`, `unix:///path`, or a bare absolute path. What is wrong with one is
 * said by its `name` and without quoting it: it may hold a password.
 */
export function placeOf(text: string, name: string): Place {
  if (typeof text !== "string") throw wrongOptions(`${name} must be a text`);
  if (UNIX.test(text) || (text.startsWith("/") && !text.startsWith("//")))
    return { socket: socketOf(text, name) };
  if (/^[a-z][a-z0-9+.-]*:/i.test(text) && !/^https?:/i.test(text) && URL.canParse(text))
    throw wrongOptions(
      `${name} must begin with http://, https:// or unix:/// (three slashes), or be an absolute path`,
    );
  const baseUrl = urlOf(text, name);
  if (/\/v1$/i.test(baseUrl))
    throw wrongOptions(`${name} must not end in /v1: the paths of the gate's API begin with it already`);
  return { baseUrl };
}

const UNIX = /^unix:/i;
/** What `sun_path` holds besides its end (unix(7)); a longer path would be cut off, or refused without a reason. */
const MAX_SOCKET_BYTES = process.platform === "darwin" ? 103 : 107;

/** The path of a Unix socket: as a path, from `cwd` where one is given, or as `unix:///path`. */
export function socketOf(text: string, name: string, cwd?: string): string {
  if (typeof text !== "string") throw wrongOptions(`${name} must be a text`);
  if (text === "") throw wrongOptions(`${name} must not be empty`);
  const path = UNIX.test(text) ? pathOf(text, name) : text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw wrongOptions(
      `${name} must be the path of a Unix socket: a URL belongs into baseUrl or LATCHGATE_URL`,
    );
  if (path.includes("\0")) throw wrongOptions(`${name} must not hold a NUL`);
  if (Buffer.byteLength(path) > MAX_SOCKET_BYTES && process.platform !== "win32")
    throw wrongOptions(`${name} is longer than the ${MAX_SOCKET_BYTES} bytes that a socket's path may have`);
  return cwd === undefined ? path : resolve(cwd, path);
}

/** The path of a `unix:///path`: no host, nothing behind it, and percent-encoded where it has to be. */
function pathOf(url: string, name: string): string {
  const [, encoded] = /^unix:\/\/(\/[^?#]*)$/i.exec(url) ?? [];
  if (encoded === undefined || encoded.startsWith("//"))
    throw wrongOptions(`${name} must be unix:///path: three slashes, an absolute path, and nothing else`);
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw wrongOptions(`${name} has a % that begins no percent-encoding: in a URL it is written %25`);
  }
}

/** An HTTP URL without its slash at the end. */
export function urlOf(text: string, name: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrongOptions(`${name} is not a URL`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw wrongOptions(`${name} must begin with http:// or https://`);
  if (url.username !== "" || url.password !== "")
    throw wrongOptions(`${name} must not hold a user name or password`);
  if (url.search !== "" || url.hash !== "") throw wrongOptions(`${name} must not have a query or fragment`);
  // The parser mends much (a space, a backslash, one slash for two); the text is what requests and proofs are made of.
  if (!PLAIN_URL.test(text))
    throw wrongOptions(`${name} must be plain: scheme://host:port/path and nothing else`);
  return text.endsWith("/") ? text.slice(0, -1) : text;
}

const PLAIN_URL = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#\\]*)?$/i;
