import { ContainerError, isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { validateStdio } from "../../src/stdio-choice.ts";
import type {
  Stdio,
  StdioDriver,
  StdioOptions,
  StdioPaths,
  StdioRequest,
  StdioSession,
} from "../../src/stdio.ts";
import { Backoff } from "../../src/backoff.ts";
import { backgroundDelay } from "../../src/delay.ts";
import { execIds, type ProcessRef, processSubject } from "./process-ref.ts";
import type { Session } from "./session.ts";

const NO_STREAMS: Stdio = { stdin: null, stdout: null, stderr: null };
const NO_PATHS: StdioPaths = { stdin: "", stdout: "", stderr: "" };

/** What the streams of a process are made with. */
export interface ProcessStdioInit {
  /** The process. */
  readonly ref: ProcessRef;
  /** Whether it has a terminal. */
  readonly terminal: boolean;
  /** Where the streams go. */
  readonly stdio: StdioOptions;
  /** Is told of a stream of the caller that failed. */
  readonly onStreamError?: StdioRequest["onStreamError"];
}

/** The streams of one process, and the CloseIO that follows the end of its input. */
export class ProcessStdio {
  readonly #session: Session;
  readonly #ref: ProcessRef;
  readonly #ended = new AbortController();
  #driver: StdioSession | undefined;
  #paths = NO_PATHS;
  #started = false;
  #stdinClosed = false;
  #closeIo: Promise<void> | undefined;
  #forgetSession: () => void = () => {};

  private constructor(session: Session, ref: ProcessRef) {
    this.#session = session;
    this.#ref = ref;
  }

  /** Makes the streams of a new process. */
  static async prepare(
    session: Session,
    init: ProcessStdioInit,
    options: CallOptions,
  ): Promise<ProcessStdio> {
    const self = new ProcessStdio(session, init.ref);
    const request = self.#request(init);
    const driver = self.#driverFor(init.stdio);
    if (driver) {
      self.#use(await driver.prepare(request, options));
    } else self.#paths = urisOf(init.stdio);
    if (init.terminal && self.#paths.stdout === "") {
      // A shim cannot make a terminal's output go nowhere by itself.
      self.#paths = { ...self.#paths, stdout: "/dev/null" };
    }
    return self;
  }

  /** Opens again the streams of a process that was started before, by whomever. */
  static async attach(
    session: Session,
    init: ProcessStdioInit,
    reported: StdioPaths,
    options: CallOptions,
  ): Promise<ProcessStdio> {
    const { stdin, stdout, stderr } = reported;
    const paths = { stdin, stdout, stderr };
    const self = new ProcessStdio(session, init.ref);
    // Also without a stream to attach to: whoever deletes the process removes its pipes.
    const driver = self.#driverFor(init.stdio) ??
      (isEmpty(paths) ? undefined : session.options.stdio);
    self.#paths = paths;
    if (driver) self.#use(await driver.attach(self.#request(init), paths, options));
    self.started();
    return self;
  }

  /** What the caller gets. */
  get streams(): Stdio {
    return this.#driver?.stdio ?? NO_STREAMS;
  }

  /** What is sent to the shim. */
  get paths(): StdioPaths {
    return this.#paths;
  }

  /** To be called when Start has answered: the shim has its ends of the pipes, or never will. */
  started(): void {
    if (this.#started) return;
    this.#started = true;
    this.#driver?.release();
    if (this.#stdinClosed) this.#sendCloseIo();
  }

  /** Ends the input: our end is closed and, once the process is started, the shim is told. */
  async closeStdin(): Promise<void> {
    await this.#driver?.closeStdin();
    if (!this.#driver?.stdio.stdin) this.#stdinClosed = true;
    if (this.#started) await this.#sendCloseIo();
  }

  /** Reads the outputs to their end, within the budget. */
  async drain(budgetMs: number): Promise<{ readonly truncated: boolean }> {
    this.#ended.abort();
    return await this.#driver?.drain(budgetMs) ?? { truncated: false };
  }

  /** Ends the streams and removes what was made for them. */
  async close(): Promise<void> {
    this.#forgetSession();
    this.#ended.abort();
    await this.#driver?.close();
  }

  #use(driver: StdioSession): void {
    this.#driver = driver;
    this.#paths = driver.paths;
    // Held by a client that is closed, an input would never end, and an output would be missing
    // for the next client that attaches.
    this.#forgetSession = this.#session.onClosing(async () => {
      this.#ended.abort();
      await driver.detach?.();
    });
  }

  #request({ ref, ...asked }: ProcessStdioInit): StdioRequest {
    return {
      ...ref,
      ...asked,
      namespace: this.#session.options.namespace,
      onStdinClosed: () => {
        this.#stdinClosed = true;
        if (this.#started) this.#sendCloseIo();
      },
    };
  }

  #driverFor(stdio: StdioOptions): StdioDriver | undefined {
    validateStdio(stdio);
    const plain = Object.values(stdio).every((option: unknown) =>
      option === undefined || option === "null" ||
      (typeof option === "object" && option !== null && "uri" in option)
    );
    if (plain && !this.#session.options.stdio) return undefined;
    if (this.#session.options.stdio) {
      return plain && isEmpty(stdio) ? undefined : this.#session.options.stdio;
    }
    throw new ContainerError(
      "unimplemented",
      `${processSubject("make streams of", this.#ref).action}: the runtime has no stdio driver`,
      { ...this.#ref, plugin: this.#session.options.id },
    );
  }

  /** Tells the shim that there is no more input, until it has heard it or the process has ended. */
  #sendCloseIo(): Promise<void> {
    return this.#closeIo ??= this.#closeIoUntilHeard();
  }

  async #closeIoUntilHeard(): Promise<void> {
    const { signal } = this.#ended;
    const forget = this.#session.onClosing(() => this.#ended.abort());
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        await this.#session.call(
          processSubject("close stdin of", this.#ref),
          (rpc) => this.#session.tasks.closeIO({ ...execIds(this.#ref), stdin: true }, rpc),
          { signal },
        );
        break;
      } catch (error) {
        // Only a broken connection is tried again; any other answer means the process is gone.
        if (!isContainerError(error, "unavailable")) break;
        await backgroundDelay(backoff.next(), signal);
      }
    }
    forget();
  }
}

function isEmpty(stdio: StdioOptions | StdioPaths): boolean {
  const nothing: readonly unknown[] = [undefined, "null", ""];
  return [stdio.stdin, stdio.stdout, stdio.stderr].every((each) => nothing.includes(each));
}

/** The URIs that are handed through; a shim wants both outputs or none. */
function urisOf({ stdout, stderr }: StdioOptions): StdioPaths {
  const out = uriOf(stdout);
  const err = uriOf(stderr);
  if (out === "" && err === "") return NO_PATHS;
  return { stdin: "", stdout: out || "/dev/null", stderr: err || "/dev/null" };
}

function uriOf(option: StdioOptions["stdout"]): string {
  return typeof option === "object" && "uri" in option ? option.uri : "";
}
