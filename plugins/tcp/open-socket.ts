import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { invalidArgument } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { awaitSocket } from "../unix/await-socket.ts";
import { parseEndpoint } from "./address.ts";
import type { TlsOptions } from "./mod.ts";

/** What {@linkcode openSocket} takes. */
export interface OpenSocketOptions extends CallOptions {
  /** What an encrypted connection is made with. */
  readonly tls: TlsOptions;
  /** Whether our direction stays open when the peer closes its own. Default: false. */
  readonly allowHalfOpen?: boolean;
}

/** Probes of the kernel find a peer that is gone without a word. */
const keepAliveDelayMs = 30_000;

/** Connects over TCP or TLS; errors as for {@linkcode Transport.connect}. */
export async function openSocket(address: URL, options: OpenSocketOptions): Promise<Socket> {
  const { host, port, secure } = parseEndpoint(address);
  const { signal } = options;
  signal?.throwIfAborted();
  const endpoint = { host, port, allowHalfOpen: options.allowHalfOpen ?? false };
  const socket = secure
    ? connectTls({ ...tlsOptions(host, options.tls), ...endpoint })
    : connect(endpoint);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveDelayMs);
  return await awaitSocket(socket, {
    address,
    event: secure ? "secureConnect" : "connect",
    signal,
  });
}

function tlsOptions(host: string, tls: TlsOptions): ConnectionOptions {
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const field = tls.cert === undefined ? "tls.cert" : "tls.key";
    throw invalidArgument(
      field,
      `Cannot use TLS options: ${field} is missing, cert and key go together`,
    );
  }
  // Server names are names: RFC 6066 forbids IP addresses, and Node warns about them.
  const servername = tls.servername ?? (isIP(host) === 0 ? host : undefined);
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    ...(tls.alpnProtocols === undefined ? {} : { ALPNProtocols: [...tls.alpnProtocols] }),
    ...(tls.ca === undefined ? {} : { ca: text(tls.ca) }),
    ...(tls.cert === undefined ? {} : { cert: text(tls.cert) }),
    ...(tls.key === undefined ? {} : { key: text(tls.key) }),
    ...(servername === undefined ? {} : { servername }),
  };
}

/** PEM is text; Deno takes no Uint8Array that is not a Buffer here. */
function text(pem: string | Uint8Array): string {
  return typeof pem === "string" ? pem : new TextDecoder().decode(pem);
}
