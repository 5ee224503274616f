import { invalidArgument, shown } from "../../src/errors.ts";

/** The longest path of a socket: `sun_path` of Linux has 108 bytes, of which one ends the text. */
export const maxPathBytes = 107;

/**
 * Reads an address of a unix socket: `unix:///run/x.sock`, `unix:/run/x.sock` or the plain absolute
 * path. In a URL, `%20` and the like are decoded; a plain path is taken as it is.
 *
 * @returns The address as a URL, `unix:///run/x.sock`.
 * @throws {ContainerError} `invalid_argument` with field `address` for anything else, and for a path
 * of more than 107 bytes, which no unix socket can have.
 */
export function parseAddress(address: string): URL {
  const url = URL.parse(
    address.startsWith("/")
      ? `unix://${address.split("/").map(encodeURIComponent).join("/")}`
      : address,
  );
  if (url === null) throw refused(address, "neither a URL nor an absolute path");
  socketPath(url);
  return url.href.startsWith("unix:///") ? url : new URL(`unix://${url.pathname}`);
}

/**
 * The path in the address of a unix socket, decoded.
 *
 * @throws {ContainerError} `invalid_argument` with field `address` if it has none that can be used.
 */
export function socketPath(address: URL): string {
  if (address.protocol !== "unix:") throw refused(address.href, 'scheme must be "unix"');
  if (address.host !== "") {
    throw refused(address.href, "path must be absolute, as in unix:///run/x.sock");
  }
  if (address.search !== "" || address.hash !== "") {
    throw refused(address.href, "must not have a query or a fragment");
  }
  const path = decode(address);
  if (!path.startsWith("/") || path.endsWith("/")) {
    throw refused(address.href, "path must be absolute and name a socket");
  }
  if (path.includes("\0")) throw refused(address.href, "path must not contain a zero byte");
  const bytes = new TextEncoder().encode(path).byteLength;
  if (bytes > maxPathBytes) {
    throw refused(address.href, `path has ${bytes} bytes, at most ${maxPathBytes} are possible`);
  }
  return path;
}

function decode(address: URL): string {
  try {
    return decodeURIComponent(address.pathname);
  } catch (cause) {
    throw refused(address.href, "path has a malformed escape", cause);
  }
}

function refused(address: string, state: string, cause?: unknown) {
  return invalidArgument("address", `Cannot use address "${shown(address)}": ${state}`, { cause });
}
