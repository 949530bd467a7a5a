import { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { LatchGateInvalidRequest } from "../vocabulary/errors.ts";
import type { TlsOptions } from "./config.ts";

/** Refuses a certificate and a key that no connection can be made with, before the first one is. */
export function refuseUnusable({ ca, cert, key }: TlsOptions): void {
  if ((cert === undefined) !== (key === undefined)) throw wrong("tls.cert and tls.key go together");
  try {
    createSecureContext({
      ...(ca === undefined ? {} : { ca: [ca].flat() as (string | Buffer)[] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  } catch (error) {
    // OpenSSL's own words are left out: they are about text that holds a private key.
    const { code } = error as NodeJS.ErrnoException;
    throw wrong(
      code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH"
        ? "tls.key is not the key of tls.cert"
        : `tls.ca, tls.cert or tls.key can't be read as PEM${code === undefined ? "" : ` (${code})`}`,
    );
  }
}

const wrong = (problem: string) =>
  new LatchGateInvalidRequest("<options>", problem, { code: "invalid_options" });

/** What the gates of one transport say of its client certificate. */
export interface CertificateAlerts {
  /** Listens to a connection from its beginning: who comes later does not hear the alert. */
  watch(socket: Socket): void;
  /** Why a request failed, in a sentence, where it did for the client certificate: the gate has read nothing of it then. */
  refusal(error: unknown): string | undefined;
  /** What may be behind a connection that was closed without a word before anything was answered on it. */
  hint(error: unknown, silent?: boolean): string | undefined;
}

/**
 * Under TLS 1.3 a client has its connection before the gate has looked at the certificate, and has sent its request by then.
 * The alert that follows goes to the socket's first listener; undici, which comes later, tells its caller of a connection
 * that was closed (UND_ERR_SOCKET). The two are joined by the socket's local port.
 */
export function createCertificateAlerts(tls: TlsOptions | undefined): CertificateAlerts {
  const alerts = new Map<number, string>();
  return {
    watch(socket) {
      socket.once("secureConnect", () => alerts.delete(socket.localPort ?? 0));
      socket.once("error", (error: NodeJS.ErrnoException) => {
        const port = socket.localPort;
        if (port !== undefined && error.code !== undefined && alertIn(error.code) !== undefined)
          alerts.set(port, error.code);
      });
    },

    refusal(error) {
      // Under TLS 1.2 the alert ends the handshake, and is the error itself.
      const { code = "" } = error as NodeJS.ErrnoException;
      const silent = silentClose(error);
      const alert = alertIn(code) ?? (silent === undefined ? undefined : alertIn(alerts.get(silent) ?? ""));
      return alert === undefined ? undefined : sentence(alert, tls);
    },

    hint(error, silent = silentClose(error) !== undefined) {
      if (!silent || tls?.cert === undefined) return undefined;
      return "a gate closes the connection so when the client certificate is not among its admin_tls_allowed_fingerprints";
    },
  };
}

/** The local port of a connection that was closed before a byte of an answer came. */
function silentClose(error: unknown): number | undefined {
  const { code, socket } = error as { code?: unknown; socket?: { localPort?: number; bytesRead?: number } };
  return code === "UND_ERR_SOCKET" && socket?.bytesRead === 0 ? socket.localPort : undefined;
}

const REASONS: { readonly [alert: string]: string } = {
  UNKNOWN_CA: "the gate does not know its CA (admin_tls_ca)",
  CERTIFICATE_EXPIRED: "it has expired, or is not valid yet",
  UNSUPPORTED_CERTIFICATE: "it is not meant for clients (its extendedKeyUsage has no clientAuth)",
  CERTIFICATE_REVOKED: "it was revoked",
  CERTIFICATE_UNKNOWN: "the gate does not accept it",
  BAD_CERTIFICATE: "the gate can't use it",
  ACCESS_DENIED: "the gate does not let its owner in",
  DECRYPT_ERROR: "its key has not signed the handshake",
};

const REQUIRED = "CERTIFICATE_REQUIRED";

/**
 * The TLS alert in an error code of OpenSSL, where it is one about the client's certificate. What OpenSSL 3.0 (Node 20) calls
 * SSLV3 is SSL/TLS since 3.2 (Node 22 and later).
 */
function alertIn(code: string): string | undefined {
  const [, alert] = /^ERR_SSL_(?:TLSV1|TLSV13|SSLV3|SSL\/TLS)_ALERT_(\w+)$/.exec(code) ?? [];
  return alert !== undefined && (alert === REQUIRED || Object.hasOwn(REASONS, alert)) ? alert : undefined;
}

function sentence(alert: string, tls: TlsOptions | undefined): string {
  if (alert === REQUIRED)
    return `the gate wants a client certificate${tls?.cert === undefined ? ": give tls.cert and tls.key" : ", and has not seen the one in tls.cert"}`;
  return `the gate refused the client certificate${nameOf(tls?.cert)}: ${REASONS[alert]}`;
}

/** Whose certificate it is, and until when: nothing of that is secret. */
function nameOf(cert: TlsOptions["cert"]): string {
  if (cert === undefined) return "";
  try {
    const { subject, validTo } = new X509Certificate(cert);
    return ` ${subject.replaceAll("\n", ", ")} (valid to ${validTo})`;
  } catch {
    return "";
  }
}
