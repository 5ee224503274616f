import { type ContainerError, invalidArgument, shown } from "../../src/errors.ts";

/** Where a TCP connection leads to. */
export interface TcpEndpoint {
  /** Name or IP address, an IPv6 address without brackets. */
  readonly host: string;
  /** Port, 1 to 65535. */
  readonly port: number;
  /** Whether the connection is encrypted. */
  readonly secure: boolean;
}

const secureSchemes: ReadonlySet<string> = new Set(["tls:", "https:"]);
const plainSchemes: ReadonlySet<string> = new Set(["tcp:", "http:"]);

/**
 * Reads the address of a TCP endpoint: `tcp://127.0.0.1:5000`, `tls://host:5000`. `http` and
 * `https` mean the same and have the default ports 80 and 443.
 *
 * @throws {ContainerError} `invalid_argument` with field `address` for anything else.
 */
export function parseEndpoint(address: URL): TcpEndpoint {
  const secure = secureSchemes.has(address.protocol);
  if (!secure && !plainSchemes.has(address.protocol)) {
    throw refused(address, 'scheme must be "tcp" or "tls"');
  }
  if (address.username !== "" || address.password !== "") {
    throw refused(address, "must not have credentials");
  }
  if (!["", "/"].includes(address.pathname) || address.search !== "" || address.hash !== "") {
    throw refused(address, "must not have a path, a query or a fragment");
  }
  const host = address.hostname.replace(/^\[(.*)\]$/, "$1");
  if (host === "") throw refused(address, "must have a host");
  const port = address.port === "" ? defaultPort(address.protocol) : Number(address.port);
  if (!(port > 0)) throw refused(address, "must have a port");
  return { host: decodeURIComponent(host), port, secure };
}

function defaultPort(protocol: string): number {
  if (protocol === "https:") return 443;
  return protocol === "http:" ? 80 : 0;
}

function refused(address: URL, state: string): ContainerError {
  const known = new URL(address);
  known.password = "";
  return invalidArgument("address", `Cannot use address "${shown(known.href)}": ${state}`);
}
