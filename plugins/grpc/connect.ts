import { type ClientHttp2Session, connect } from "node:http2";
import type { Duplex } from "node:stream";
import { clearTimeout, setTimeout } from "node:timers";
import { ContainerError } from "../../src/errors.ts";
import type { Dial } from "./dial.ts";
import { inBun } from "./routes.ts";
import { refer, Session } from "./session.ts";
import { CreditedSocket } from "./credited-socket.ts";

/** What {@linkcode connectSession} takes. */
export interface ConnectOptions {
  /** How long it may take, with the server's first frame. */
  readonly connectTimeoutMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Who keeps the windows of requests: the runtime, or {@linkcode CreditedSocket} for it. */
  readonly windows: "runtime" | "credited";
}

/** Bytes that a server may send before they are read: per stream, and for all streams together. */
const streamWindowBytes = 1024 * 1024;
const sessionWindowBytes = 16 * 1024 * 1024;

/**
 * Memory that Node lets a session use before it refuses new streams; its default of 10 MB is less
 * than one large message.
 */
const maxSessionMemoryMb = 1024;

/**
 * Connects, then builds the HTTP/2 session on the socket, then waits for the server's SETTINGS: what
 * speaks something else is found here, in bounded time, and not by the first call.
 *
 * @throws {ContainerError} of the transport, or `unavailable`; an abort rejects with its reason.
 */
export async function connectSession(dial: Dial, options: ConnectOptions): Promise<Session> {
  const { address } = dial;
  const { connectTimeoutMs, signal, windows } = options;
  const timeout = new ContainerError(
    "unavailable",
    `Cannot connect to "${address.href}": no answer within ${connectTimeoutMs} ms`,
    { cause: Object.assign(new Error("connection timed out"), { code: "ETIMEDOUT" }) },
  );
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(timeout), connectTimeoutMs);
  // Perhaps only background calls wait for it; others hold the process while they do.
  timer.unref();
  const either = AbortSignal.any([signal, deadline.signal]);
  try {
    const socket = await dial.socket({ signal: either });
    refer(socket, "unref");
    return await greet(dial, socket, { signal: either, windows });
  } finally {
    clearTimeout(timer);
  }
}

async function greet(
  dial: Dial,
  socket: Duplex,
  options: Pick<ConnectOptions, "signal" | "windows">,
): Promise<Session> {
  const credited = options.windows === "credited" ? new CreditedSocket(socket) : undefined;
  const http2 = connect(dial.authority, {
    createConnection: () => credited ?? socket,
    maxSessionMemory: maxSessionMemoryMb,
    settings: { enablePush: false, initialWindowSize: streamWindowBytes },
  });
  // Errors come as late as after destroy(); one without a listener would end the process.
  http2.on("error", () => {});
  try {
    await firstSettings(http2, dial.address, options.signal);
  } catch (error) {
    http2.destroy();
    socket.destroy();
    throw error;
  }
  // In Bun this stalls large requests: https://github.com/oven-sh/bun/pull/40180, open at 1.4.5.
  if (!inBun) http2.setLocalWindowSize(sessionWindowBytes);
  return new Session({ http2, socket, address: dial.address, credit: credited?.credit });
}

function firstSettings(
  http2: ClientHttp2Session,
  address: URL,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      http2.off("remoteSettings", onSettings).off("error", onError).off("close", onClose);
      signal.removeEventListener("abort", onAbort);
    };
    const fail = (reason: unknown) => {
      settle();
      reject(reason);
    };
    const onSettings = () => {
      settle();
      resolve();
    };
    const onError = (cause: Error) => fail(notHttp2(address, cause));
    const onClose = () => fail(notHttp2(address, undefined));
    const onAbort = () => fail(signal.reason);
    http2.on("remoteSettings", onSettings).on("error", onError).on("close", onClose);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

function notHttp2(address: URL, cause: Error | undefined): ContainerError {
  const state = cause === undefined ? "connection was closed" : cause.message;
  return new ContainerError(
    "unavailable",
    `Cannot connect to "${address.href}": peer did not answer in HTTP/2 (${state})`,
    { cause },
  );
}
