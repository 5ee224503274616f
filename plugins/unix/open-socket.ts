import { connect, type Socket } from "node:net";
import type { CallOptions } from "../../src/runtime.ts";
import { socketPath } from "./address.ts";
import { awaitSocket } from "./await-socket.ts";

/** What {@linkcode openSocket} takes. */
export interface OpenSocketOptions extends CallOptions {
  /** Whether our direction stays open when the peer closes its own. Default: false. */
  readonly allowHalfOpen?: boolean;
}

/** Connects to a unix socket; errors as for {@linkcode Transport.connect}. */
export async function openSocket(address: URL, options: OpenSocketOptions = {}): Promise<Socket> {
  const path = socketPath(address);
  options.signal?.throwIfAborted();
  const socket = connect({ path, allowHalfOpen: options.allowHalfOpen ?? false });
  return await awaitSocket(socket, { address, event: "connect", signal: options.signal });
}
