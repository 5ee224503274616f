/**
 * What an RPC plugin (`grpc`, `web`, `ttrpc`) gives to a runtime plugin. Runs everywhere.
 *
 * @module
 */

import { type ContextKey, createContextKey, type Transport } from "@connectrpc/connect";
import type { CallOptions } from "../../src/runtime.ts";

export { type FailedCall, isRetryable, toContainerError } from "./errors.ts";

/** A connection to a server: a Connect transport that can be closed. */
export interface Rpc extends AsyncDisposable {
  /** Carries the calls of generated clients. Reconnects by itself; streams are not resumed. */
  readonly transport: Transport;
}

/** Connects to a server; fails where the server does not answer. */
export type OpenRpc = (options?: CallOptions) => Promise<Rpc>;

/**
 * Marks a call that must not keep the process alive, such as a wait that nobody asked for. Set it
 * in the call's `contextValues`.
 */
export const background: ContextKey<boolean> = createContextKey<boolean>(false, {
  description: "libcontainerd.background",
});
