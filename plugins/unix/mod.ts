/**
 * Unix sockets, for Node, Deno and Bun on Linux and macOS.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { Transport } from "../../src/transport.ts";
import { socketPath } from "./address.ts";

export { parseAddress } from "./address.ts";

/**
 * Connects to unix sockets: `unix:///run/containerd/containerd.sock`. `node:net` is loaded on first
 * use. Read an address that may also be a plain path with {@linkcode parseAddress}.
 */
export const unix: Transport<Socket> = {
  schemes: ["unix"],

  async connect(address, options = {}) {
    socketPath(address);
    const [{ openSocket }, { socketConnection }] = await Promise.all([
      import("./open-socket.ts"),
      import("./socket-connection.ts"),
    ]);
    const socket = await openSocket(address, { ...options, allowHalfOpen: true });
    return socketConnection(socket, address);
  },

  async socket(address, options = {}) {
    socketPath(address);
    const { openSocket } = await import("./open-socket.ts");
    return await openSocket(address, options);
  },
};
