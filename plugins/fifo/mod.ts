/**
 * Stdio of processes on Linux, by FIFOs. Light to import: the rest is loaded on first use.
 *
 * | host | reads and writes by | needs |
 * |---|---|---|
 * | Node | `net.Socket` over a non-blocking descriptor | `mkfifo` on the `PATH` |
 * | Deno with `--allow-ffi` | the same, opened by libc | `--allow-read`, `--allow-write` of the folder |
 * | Deno without it | a helper `cat` | also `--allow-run=cat,mkfifo --allow-env=NODE_V8_COVERAGE` |
 * | Bun | `Bun.file` | |
 *
 * A piped output keeps the event loop alive while somebody waits for its data, and in Bun from the
 * first read to the end, because Bun's readers cannot be detached from the loop. An input keeps it
 * alive while a write is pending.
 *
 * Each output has a pipe of its own. A process that writes to one that is not read stalls once it is
 * full, also while the other is read. Cancelling an output throws away what follows, so that the
 * process goes on; of a process that was attached to, it leaves that to whoever attaches next. When
 * the client is disposed, its streams end, and the pipes are left to the next one, too.
 *
 * @module
 */

import { checkNames } from "../../src/check-options.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type {
  StdioDriver,
  StdioLeftovers,
  StdioOwner,
  StdioPaths,
  StdioRequest,
  StdioSession,
} from "../../src/stdio.ts";

/**
 * A way to read and write FIFOs without blocking.
 *
 * - `socket`: `net.Socket` over a descriptor of `node:fs`
 * - `ffi-socket`: `net.Socket` over a descriptor that libc opened
 * - `bun-file`: `Bun.file` over the path
 * - `cat`: one helper process for each stream
 * - `poll`: a timer and non-blocking reads; costs CPU time while idle
 */
export type FifoBackendName = "socket" | "ffi-socket" | "bun-file" | "cat" | "poll";

/** What {@linkcode fifo} takes. */
export interface FifoOptions {
  /**
   * Absolute path of the folder that each process gets its own folder in, mode 0700 with a name of
   * its namespace, its container and something random. It is made if missing, and what was made is
   * removed when it is empty. Default: `/run/libcontainerd/fifo`, or the folder for temporary files
   * where that cannot be written. Clients with one folder find what others have left there.
   */
  readonly directory?: string | undefined;
  /** User that the FIFOs are given to, for a shim in a user namespace. Default: this process's. */
  readonly uid?: number | undefined;
  /** Group that the FIFOs are given to. Default: this process's. */
  readonly gid?: number | undefined;
  /** How FIFOs are read and written. Default: the first one that is found to work on this host. */
  readonly backend?: FifoBackendName | undefined;
}

const backendNames: readonly string[] = ["socket", "ffi-socket", "bun-file", "cat", "poll"];

/**
 * Makes stdio for processes on this host out of FIFOs.
 *
 * @throws {ContainerError} `invalid_argument` for an option that cannot be used.
 */
export function fifo(options: FifoOptions = {}): StdioDriver {
  validateOptions(options);
  let loading: Promise<StdioDriver> | undefined;
  const load = (): Promise<StdioDriver> => {
    loading ??= import("./driver.ts").then(
      ({ FifoDriver }) => new FifoDriver(options),
      (error) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };
  return {
    async prepare(request: StdioRequest, call?: CallOptions): Promise<StdioSession> {
      call?.signal?.throwIfAborted();
      return (await load()).prepare(request, call);
    },
    async attach(
      request: StdioRequest,
      paths: StdioPaths,
      call?: CallOptions,
    ): Promise<StdioSession> {
      call?.signal?.throwIfAborted();
      return (await load()).attach(request, paths, call);
    },
    // Of its own, and small: every removal needs it, also where no process has streams.
    async leftovers(owner: StdioOwner): Promise<StdioLeftovers> {
      const { FoundFifos } = await import("./leftovers.ts");
      return FoundFifos.find(owner, options);
    },
  };
}

function validateOptions(options: FifoOptions): void {
  checkNames(options, "directory", "uid", "gid", "backend");
  const { directory, backend } = options;
  if (directory !== undefined && (typeof directory !== "string" || !directory.startsWith("/"))) {
    throw invalidArgument(
      "directory",
      `Cannot use FIFO folder "${shown(directory)}": path is not absolute`,
      { plugin: "fifo" },
    );
  }
  for (const field of ["uid", "gid"] as const) {
    const id = options[field];
    if (id === undefined || (Number.isInteger(id) && id >= 0 && id < 0xffff_ffff)) continue;
    throw invalidArgument(
      field,
      `Cannot give FIFOs to ${field} "${shown(id)}": not an integer from 0 to 4294967294`,
      { plugin: "fifo" },
    );
  }
  if (backend !== undefined && !backendNames.includes(backend)) {
    throw invalidArgument(
      "backend",
      `Cannot use FIFO backend "${shown(backend)}": not one of ${backendNames.join(", ")}`,
      { plugin: "fifo" },
    );
  }
}
