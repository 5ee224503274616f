import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { Health } from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { toContainerError } from "../rpc/errors.ts";
import type { Rpc } from "../rpc/mod.ts";
import { OpenCalls } from "./open-calls.ts";
import type { WebSettings } from "./settings.ts";
import { createWebTransport } from "./transport.ts";
import { webError } from "./web-error.ts";

/** Asks a server for a sign of life; errors as for {@linkcode web}. */
export async function openWeb(settings: WebSettings, { signal }: CallOptions): Promise<Rpc> {
  const { baseUrl, connectTimeoutMs } = settings;
  const calls = new OpenCalls(baseUrl);
  const transport = createWebTransport(settings, calls);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), connectTimeoutMs);
  const either = signal ? AbortSignal.any([signal, deadline.signal]) : deadline.signal;
  try {
    await greet(transport, either);
  } catch (error) {
    const action = `Cannot connect to "${baseUrl}"`;
    signal?.throwIfAborted();
    if (deadline.signal.aborted) {
      throw webError(`${action}: no answer within ${connectTimeoutMs} ms`, error);
    }
    // One of ours names the server already.
    if (error instanceof ConnectError && isContainerError(error.cause)) throw error.cause;
    throw toContainerError(error, { action, plugin: "web", signal });
  } finally {
    clearTimeout(timer);
  }
  return {
    transport,
    [Symbol.asyncDispose]: () => {
      calls.close();
      return Promise.resolve();
    },
  };
}

/** Answers that mean: not you, or not here. */
const refusals: ReadonlySet<Code> = new Set([
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.Unavailable,
]);

/** Resolves when the server has answered, with whatever it said about its health. */
async function greet(transport: Transport, signal: AbortSignal): Promise<void> {
  try {
    await createClient(Health, transport).check({}, { signal });
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    if (error.isWireError && !refusals.has(error.code)) return;
    // A proxy need not offer, or allow, the question for its health; HTTP 404 is unimplemented.
    if (error.code !== Code.Unimplemented && error.code !== Code.PermissionDenied) throw error;
    await createClient(Version, transport).version({}, { signal });
  }
}
