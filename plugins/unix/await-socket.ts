import type { Socket } from "node:net";
import { socketError } from "./socket-error.ts";

/** What {@linkcode awaitSocket} waits for. */
export interface AwaitSocketOptions {
  /** Where the socket is connecting to, for messages. */
  readonly address: URL;
  /** The event that says it is ready: `connect`, or `secureConnect` with TLS. */
  readonly event: "connect" | "secureConnect";
  /** Ends the wait and closes the socket. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until a socket is connected. Whatever goes wrong, the socket is closed and nothing of it is
 * left to keep the process alive.
 *
 * @throws {ContainerError} `unavailable`, `permission_denied` or `unauthenticated`; an abort rejects
 * with the signal's reason.
 */
export function awaitSocket(socket: Socket, options: AwaitSocketOptions): Promise<Socket> {
  const { address, event, signal } = options;
  return new Promise<Socket>((resolve, reject) => {
    const settle = () => {
      socket.off(event, onReady).off("error", onError).off("close", onClose);
      signal?.removeEventListener("abort", onAbort);
    };
    const fail = (reason: unknown) => {
      settle();
      // A second error of a socket that is given up must not become an uncaught one.
      socket.on("error", () => {});
      socket.destroy();
      reject(reason);
    };
    const onReady = () => {
      settle();
      resolve(socket);
    };
    const onError = (error: unknown) =>
      fail(socketError(error, { action: "Cannot connect to", address }));
    const onClose = () => onError(new Error("connection was closed"));
    const onAbort = () => fail(signal?.reason);
    socket.on(event, onReady).on("error", onError).on("close", onClose);
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
  });
}
