/**
 * TCP and TLS, for Node, Deno and Bun. Proxy variables of the environment are not read.
 *
 * @module
 */

import type { Socket } from "node:net";
import { checkNames } from "../../src/check-options.ts";
import { invalidArgument } from "../../src/errors.ts";
import type { Transport } from "../../src/transport.ts";
import { parseEndpoint } from "./address.ts";

/** What an encrypted connection is made with. A certificate that is not trusted is always refused. */
export interface TlsOptions {
  /** Certificates that are trusted, PEM. Default: those of the runtime. */
  readonly ca?: string | Uint8Array | undefined;
  /** Our own certificate, with its chain, PEM; for a server that asks for one. Needs `key`. */
  readonly cert?: string | Uint8Array | undefined;
  /** The key of our own certificate, PEM. Needs `cert`. */
  readonly key?: string | Uint8Array | undefined;
  /** The name that the server's certificate must have. Default: the host of the address. */
  readonly servername?: string | undefined;
  /** Protocols that are offered to the server (ALPN), for instance `["h2"]`. Default: none. */
  readonly alpnProtocols?: readonly string[] | undefined;
}

/** What {@linkcode tcp} takes. */
export interface TcpOptions {
  /** For addresses with the scheme `tls` or `https`. */
  readonly tls?: TlsOptions | undefined;
}

/**
 * Connects to `tcp://host:port`, and with TLS to `tls://host:port`. `node:net` and `node:tls` are
 * loaded on first use.
 *
 * Beside the errors of every transport it rejects with `unauthenticated` if either side refuses the
 * other's certificate.
 *
 * @throws {ContainerError} `invalid_argument`, with the field, for an option that there is not.
 */
export function tcp(options: TcpOptions = {}): Transport<Socket> {
  checkNames(options, "tls");
  const tls = options.tls ?? {};
  checkTls(tls);
  return {
    schemes: ["tcp", "tls", "http", "https"],

    async connect(address, callOptions = {}) {
      parseEndpoint(address);
      const [{ openSocket }, { socketConnection }] = await Promise.all([
        import("./open-socket.ts"),
        import("../unix/socket-connection.ts"),
      ]);
      const socket = await openSocket(address, { ...callOptions, tls, allowHalfOpen: true });
      return socketConnection(socket, address);
    },

    async socket(address, callOptions = {}) {
      parseEndpoint(address);
      const { openSocket } = await import("./open-socket.ts");
      return await openSocket(address, { ...callOptions, tls });
    },
  };
}

const TLS_NAMES: readonly string[] = [
  "ca",
  "cert",
  "key",
  "servername",
  "alpnProtocols",
] satisfies readonly (keyof TlsOptions)[];

function checkTls(tls: TlsOptions): void {
  if (typeof tls !== "object" || tls === null) {
    throw invalidArgument("tls", `Cannot use option "tls": not an object`);
  }
  const other = Object.keys(tls).find((name) => !TLS_NAMES.includes(name));
  if (other === undefined) return;
  throw invalidArgument(
    `tls.${other}`,
    `Cannot use option "tls.${other}": there is no such option`,
  );
}
