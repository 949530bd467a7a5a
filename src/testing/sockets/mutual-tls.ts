import { constants } from "node:crypto";
import { createServer as createNetServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import { plainAlert, refusalOf, sealedAlert } from "./alerts.ts";

/** What a gate's admin listener with client certificates is given, as PEM. */
export interface AdminTls {
  /** Who signs the clients' certificates. */
  readonly ca: string | Buffer | readonly (string | Buffer)[];
  /** The gate's own certificate, and its key. */
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** The certificates that may come in: the SHA-256 of each one's DER, in lower-case hex. All when left out. */
  readonly allowedFingerprints?: readonly string[];
}

/**
 * Takes TLS 1.2 and 1.3 connections of clients that have a certificate, and hands them on with the connection below.
 * None, another CA's, an expired one and one of another usage are a TLS alert; an unlisted fingerprint is a close
 * after the handshake.
 */
export function createTlsFront(tls: AdminTls, accept: (socket: TLSSocket, raw: Socket) => void): Server {
  // What is wrong with the gate's own files is said now and not to the first client.
  handshakes(tls);
  return createNetServer((raw) => {
    const wire = new Wire(raw);
    // A server of its own for each connection: Node gives no way from a TLS socket to the stream below it.
    const handshake = handshakes(tls);
    let secret: Buffer | undefined;
    handshake.on("keylog", (line: Buffer) => {
      const [label, , hex = ""] = line.toString().trim().split(" ");
      if (label === "SERVER_TRAFFIC_SECRET_0") secret = Buffer.from(hex, "hex");
    });
    handshake.on("tlsClientError", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ERR_SSL_HTTP_REQUEST") wire.refuse(plainAlert());
      else raw.end();
    });
    handshake.on("secureConnection", (socket) => {
      socket.on("error", () => raw.destroy());
      const verdict = verdictOn(socket, tls.allowedFingerprints);
      if (verdict.state === "allowed") accept(socket, raw);
      // One turn, so that the handshake's last bytes go out.
      else if (verdict.state === "unlisted") setImmediate(() => raw.destroy());
      // The server's last flight is still unsent here: the alert takes its place, as a gate's does.
      else if (socket.getProtocol() === "TLSv1.3" && secret !== undefined)
        wire.refuse(sealedAlert(secret, socket.getCipher().standardName, verdict.description));
      else wire.refuse(plainAlert(verdict.description));
    });
    handshake.emit("connection", wire);
  });
}

function handshakes(tls: AdminTls): TlsServer {
  return createTlsServer({
    ca: [tls.ca].flat() as (string | Buffer)[],
    cert: tls.cert,
    key: tls.key,
    requestCert: true,
    // Node would close without a word; the verdict is passed here.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    // A resumed session would bring the verdict on another connection with it.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
}

type Verdict =
  | { readonly state: "allowed" }
  | { readonly state: "unlisted" }
  | { readonly state: "refused"; readonly description: number };

function verdictOn(socket: TLSSocket, allowed: readonly string[] | undefined): Verdict {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { state: "refused", description: refusalOf(undefined) };
  // Typed as an Error and given as its code.
  const verifyError = socket.authorizationError as unknown as string | null;
  if (verifyError) return { state: "refused", description: refusalOf(verifyError) };
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return { state: allowed === undefined || allowed.includes(fingerprint) ? "allowed" : "unlisted" };
}

/** The bytes between OpenSSL and a connection: what the server has not sent yet can still be replaced here. */
class Wire extends Duplex {
  readonly raw: Socket;
  #refused = false;

  constructor(raw: Socket) {
    super();
    this.raw = raw;
    raw.on("data", (chunk) => {
      if (!this.#refused && !this.push(chunk)) raw.pause();
    });
    raw.on("end", () => this.push(null));
    raw.on("error", () => {});
    raw.on("close", () => this.destroy());
  }

  /** Says this in place of all that was to come, and lets the client talk until it hangs up: a reset would overtake the alert. */
  refuse(alert: Buffer): void {
    this.#refused = true;
    this.raw.resume();
    this.raw.end(alert);
  }

  override _read(): void {
    this.raw.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#refused) done();
    else this.raw.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#refused) this.raw.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#refused) this.raw.destroy();
    done(error);
  }
}
