import type { Duplex } from "node:stream";
import { invalidArgument, shown } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type { Transport } from "../../src/transport.ts";
import type { GrpcOptions } from "./mod.ts";

/** Where a server is and how to get there. */
export interface Dial {
  /** The address, for messages. */
  readonly address: URL;
  /** What HTTP/2 is told: `http://localhost` where the address has no host. */
  readonly authority: string;
  /** Makes a connected socket. */
  socket(options: CallOptions): Promise<Duplex>;
}

/**
 * Chooses the transport for an address.
 *
 * @throws {ContainerError} `invalid_argument` with field `address` or `transport`.
 */
export async function chooseDial(options: GrpcOptions): Promise<Dial> {
  const address = await readAddress(options);
  const scheme = address.protocol.slice(0, -1);
  const transport = options.transport ?? await builtIn(scheme, options);
  if (!transport.schemes.includes(scheme)) {
    throw refused(address.href, `transport serves ${transport.schemes.join(", ")}`);
  }
  const open = transport.socket?.bind(transport);
  if (open === undefined) {
    throw invalidArgument(
      "transport",
      `Cannot use transport for "${address.href}": it has no sockets, which HTTP/2 needs`,
    );
  }
  const secure = scheme === "tls" || scheme === "https";
  return {
    address,
    authority: `${secure ? "https" : "http"}://${address.host || "localhost"}`,
    socket: async (callOptions) => {
      const socket = await open(address, callOptions);
      if (isDuplex(socket)) return socket;
      throw invalidArgument(
        "transport",
        `Cannot use transport for "${address.href}": its socket is not a stream of node:stream`,
      );
    },
  };
}

async function readAddress(options: GrpcOptions): Promise<URL> {
  const given: unknown = options.address;
  if (typeof given !== "string") throw refused(shown(given), "not a string");
  if (options.address.startsWith("/") || /^unix:/i.test(options.address)) {
    const { parseAddress } = await import("../unix/mod.ts");
    return parseAddress(options.address);
  }
  const address = URL.parse(options.address);
  if (address === null) throw refused(options.address, "neither a URL nor an absolute path");
  return address;
}

async function builtIn(scheme: string, options: GrpcOptions): Promise<Transport> {
  switch (scheme) {
    case "unix":
      return (await import("../unix/mod.ts")).unix;
    case "tcp":
    case "tls":
    case "http":
    case "https": {
      const { tcp } = await import("../tcp/mod.ts");
      // gRPC servers refuse a TLS connection on which HTTP/2 was not agreed.
      return tcp({ tls: { ...options.tls, alpnProtocols: ["h2"] } });
    }
    default:
      throw refused(options.address, `scheme "${scheme}" needs the option transport`);
  }
}

function isDuplex(socket: unknown): socket is Duplex {
  return typeof socket === "object" && socket !== null && "pipe" in socket && "write" in socket;
}

function refused(address: string, state: string) {
  return invalidArgument("address", `Cannot use address "${shown(address)}": ${state}`);
}
