import { invalidArgument, isContainerError, shown } from "../../src/errors.ts";
import { parseEndpoint } from "../tcp/address.ts";
import { parseAddress } from "../unix/address.ts";

const FORMS =
  'must be "unix:///path", an absolute path, "tcp://host:port" or "tls://host:port", for instance ' +
  '"unix:///run/containerd/containerd.sock"';

/**
 * Checks the address of a daemon: `unix:///path`, an absolute path, `tcp://host:port` or
 * `tls://host:port`.
 *
 * @param source Where it comes from, for the message.
 * @throws {ContainerError} `invalid_argument` with field `address` for anything else.
 */
export function validateAddress(address: unknown, source: string): void {
  try {
    parse(address);
  } catch (error) {
    if (!isContainerError(error)) throw error;
    throw invalidArgument("address", `${error.message} (${source})`);
  }
}

function parse(address: unknown): void {
  if (typeof address !== "string") {
    throw invalidArgument("address", `Cannot use address "${shown(address)}": ${FORMS}`);
  }
  if (address.startsWith("/") || /^unix:/i.test(address)) return void parseAddress(address);
  const url = URL.parse(address);
  if (url === null || !["tcp:", "tls:"].includes(url.protocol)) {
    throw invalidArgument("address", `Cannot use address "${shown(address)}": ${FORMS}`);
  }
  parseEndpoint(url);
}
