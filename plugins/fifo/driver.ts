import { closeSync, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CallOptions } from "../../src/runtime.ts";
import type { StdioDriver, StdioPaths, StdioRequest, StdioSession } from "../../src/stdio.ts";
import { chooseHost, type Host } from "./choose-backend.ts";
import { FifoFolders, removeForeignFifos } from "./folder.ts";
import { makeFifos } from "./mkfifo.ts";
import type { FifoOptions } from "./mod.ts";
import { checkAttach, planStdio, type StdioPlan, type StreamPlan } from "./plan.ts";
import { SessionBuilder } from "./session-builder.ts";
import { systemError } from "./system-error.ts";

/** Stdio by FIFOs on this host. */
export class FifoDriver implements StdioDriver {
  readonly #options: FifoOptions;
  readonly #folders: FifoFolders;
  #host: Promise<Host> | undefined;

  constructor(options: FifoOptions) {
    this.#options = options;
    this.#folders = new FifoFolders(options);
  }

  /** Makes FIFOs for a new process and opens our ends. */
  async prepare(request: StdioRequest, options: CallOptions = {}): Promise<StdioSession> {
    const { signal } = options;
    signal?.throwIfAborted();
    const plan = await planStdio(request);
    const streams = [plan.stdin, plan.stdout, plan.stderr];
    const isPlain = streams.every((stream) => stream.kind !== "fifo");
    const host = isPlain ? undefined : await this.#chooseHost();
    signal?.throwIfAborted();
    const folder = host === undefined ? undefined : this.#folders.make(request);
    const builder = new SessionBuilder(request, host, {
      process: "new",
      remove: () => folder?.remove(),
    });
    try {
      for (const stream of [plan.stdout, plan.stderr]) createFile(stream);
      const place = (stream: StreamPlan, name: string): string => {
        if (stream.kind === "none") return "";
        return stream.kind === "path" ? stream.path : join(folder?.path ?? "", name);
      };
      const stdout = place(plan.stdout, "stdout");
      const paths: StdioPaths = {
        stdin: place(plan.stdin, "stdin"),
        stdout,
        stderr: placeErrors(plan, stdout, (stream) => place(stream, "stderr")),
      };
      const isFifo = (name: "stdin" | "stdout" | "stderr"): boolean => plan[name].kind === "fifo";
      const fifos = (["stdin", "stdout", "stderr"] as const).filter(isFifo);
      await makeFifos(fifos.map((name) => paths[name]), host?.libc);
      for (const name of fifos) folder?.add(paths[name]);
      signal?.throwIfAborted();
      for (const name of fifos) builder.open(name, paths[name]);
      return builder.build(paths);
    } catch (error) {
      await builder.abandon();
      throw error;
    }
  }

  /**
   * Opens the FIFOs of a running process. A consumer that cancels an output only detaches: what
   * follows stays in the pipe for the next one who attaches.
   */
  async attach(
    request: StdioRequest,
    paths: StdioPaths,
    options: CallOptions = {},
  ): Promise<StdioSession> {
    const { signal } = options;
    signal?.throwIfAborted();
    checkAttach(request);
    const asked = (["stdin", "stdout", "stderr"] as const).filter((name) => {
      const target = request.stdio[name];
      return target !== undefined && target !== "null";
    });
    const found = await Promise.all(asked.map((name) => isFifo(paths[name])));
    const fifos = asked.filter((_, index) => found[index] === true);
    const host = fifos.length === 0 ? undefined : await this.#chooseHost();
    signal?.throwIfAborted();
    const builder = new SessionBuilder(request, host, {
      process: "running",
      // As long as the process runs, somebody else may want to attach, too.
      remove: ({ isEnded }) => {
        if (isEnded) removeForeignFifos(Object.values(paths));
      },
    });
    try {
      for (const name of fifos) builder.open(name, paths[name]);
      for (const name of asked) if (!fifos.includes(name)) builder.skip(name);
      const session = builder.build(paths);
      session.release();
      return session;
    } catch (error) {
      await builder.abandon();
      throw error;
    }
  }

  /** Once; again after a failure. */
  #chooseHost(): Promise<Host> {
    this.#host ??= chooseHost(this.#folders, { backend: this.#options.backend }).catch((error) => {
      this.#host = undefined;
      throw error;
    });
    return this.#host;
  }
}

function placeErrors(
  { stdout, stderr }: StdioPlan,
  stdoutPath: string,
  place: (stream: StreamPlan) => string,
): string {
  if (stderr.kind === "shared") return stdoutPath;
  const path = place(stderr);
  const isSameFile = stdout.kind === "path" && stderr.kind === "path" &&
    path === stdoutPath && path.startsWith("/");
  // A shim opens a file that it is given twice only once, and closes it for both when the first of
  // them ends (containerd 1.6 to 2.1), so that a process that writes to the other stalls. Spelt in
  // another way, it is opened and appended to by each.
  return isSameFile ? `${dirname(path)}/./${basename(path)}` : path;
}

/** Shims do not make a file that they are given by its path. */
function createFile(stream: StreamPlan | { readonly kind: "shared" }): void {
  if (stream.kind !== "path" || !stream.create) return;
  try {
    closeSync(openSync(stream.path, "a", 0o644));
  } catch (error) {
    throw systemError(`Cannot make file "${stream.path}"`, error);
  }
}

async function isFifo(path: string): Promise<boolean> {
  if (!path.startsWith("/")) return false;
  try {
    return (await stat(path)).isFIFO();
  } catch {
    return false;
  }
}
