import type { ProcessRef } from "../../src/event-source.ts";
import type { StdioCallOptions } from "../../src/runtime.ts";
import { validateStdio } from "../../src/stdio-choice.ts";
import { ClientStreams } from "./client-streams.ts";
import type { Connection } from "./connection.ts";
import type { HostProcess, HostStdio } from "./host-process.ts";
import { makeStdio } from "./make-stdio.ts";
import { aboutProcess } from "./refusal.ts";
import { checkAttached, checkNew } from "./stdio-plan.ts";

/** What {@linkcode newStreams} takes. */
export interface NewStreamsOptions extends StdioCallOptions {
  /** The process. */
  readonly ref: ProcessRef;
  /** Whether it has a terminal. */
  readonly terminal: boolean;
}

/** The streams of a process that is still to be made. */
export interface NewStreams {
  /** As its machine has them. */
  readonly host: HostStdio;
  /** Gives them to the client, once the process is made. */
  attach(): ClientStreams;
}

/** Makes the streams of a new process. */
export async function newStreams(
  connection: Connection,
  options: NewStreamsOptions,
): Promise<NewStreams> {
  const { ref, terminal, stdio = {}, signal } = options;
  signal?.throwIfAborted();
  validateStdio(stdio);
  const { link, host } = connection;
  const { files } = host.daemon.machine;
  const wish = { plugin: link.plugin, ref, terminal, stdio, hasFiles: files !== undefined };
  checkNew(wish);
  const made = await makeStdio(wish, files);
  return {
    host: made,
    attach: () => clientStreams(connection, made, { ref, terminal, options }),
  };
}

/** Gives a client the streams of a process that is there. */
export function attachStreams(
  connection: Connection,
  process: HostProcess,
  options: StdioCallOptions,
): ClientStreams {
  const { stdio = {} } = options;
  const { ref, terminal } = process;
  validateStdio(stdio);
  checkAttached({ plugin: connection.link.plugin, ref, terminal, stdio, hasFiles: true });
  const streams = clientStreams(connection, process.stdio, { ref, terminal, options });
  if (process.isRunning) streams.started();
  return streams;
}

function clientStreams(
  connection: Connection,
  host: HostStdio,
  { ref, terminal, options }: {
    readonly ref: ProcessRef;
    readonly terminal: boolean;
    readonly options: StdioCallOptions;
  },
): ClientStreams {
  const { link } = connection;
  return new ClientStreams(host, {
    plugin: link.plugin,
    ref,
    terminal,
    stdio: options.stdio ?? {},
    onStreamError: options.onStreamError,
    // As a shim is told that there is no more input; the process knows already.
    onStdinClosed: () => {
      link.call(aboutProcess("closeStdin", "close stdin of", ref), () => {}).catch(() => {});
    },
    held: connection.host.streams,
  });
}
