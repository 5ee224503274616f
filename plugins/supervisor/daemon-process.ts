import { type ChildProcess, spawn } from "node:child_process";
import { clearInterval, setInterval } from "node:timers";
import { ContainerError } from "../../src/errors.ts";
import type { Environment } from "./binary.ts";
import { identify, isAlive, type ProcessIdentity } from "./process-table.ts";

/** How often a process that is not a child of this one is looked for. */
const LOOK_INTERVAL_MS = 200;

/** What {@linkcode DaemonProcess.spawn} takes. */
export interface SpawnOptions {
  /** Path of the program. */
  readonly binary: string;
  /** Path of its configuration. */
  readonly configFile: string;
  /** Its environment. */
  readonly env: Environment;
  /** Descriptor that it writes to. */
  readonly log: number;
}

/** How the end of a process is noticed. */
interface Watched {
  /** Aborts when it has ended. */
  readonly gone: AbortSignal;
  /** How it ended, as far as that is known. */
  how(): string;
  /** Ends what looks for it. */
  forget(): void;
}

/** The process of a daemon: one that this process has started, or one that it has found. */
export class DaemonProcess {
  /** Which process it is. */
  readonly identity: ProcessIdentity;
  readonly #watched: Watched;

  private constructor(identity: ProcessIdentity, watched: Watched) {
    this.identity = identity;
    this.#watched = watched;
  }

  /**
   * Starts a daemon in a session of its own, so that neither the end of this process nor a Ctrl-C in
   * its terminal ends it.
   *
   * @throws {ContainerError} `unavailable` if it cannot be started.
   */
  static async spawn({ binary, configFile, env, log }: SpawnOptions): Promise<DaemonProcess> {
    const ended = new AbortController();
    let how = "ended";
    let child: ChildProcess;
    try {
      child = spawn(binary, ["--config", configFile], {
        cwd: "/",
        detached: true,
        env: { ...env },
        stdio: ["ignore", log, log],
      });
      child.once("exit", (code, signal) => {
        how = signal === null ? `ended with exit code ${code}` : `ended by ${signal}`;
        ended.abort();
      });
      // Without an id there is no process, and the reason is told later. Nothing is waited for where
      // there is one: its id is to be noted before this process can die.
      if (child.pid === undefined) throw await refusal(child);
    } catch (error) {
      const state = error instanceof Error ? error.message : String(error);
      throw new ContainerError("unavailable", `Cannot start containerd "${binary}": ${state}`, {
        plugin: "supervisor",
        cause: error,
      });
    }
    const { pid } = child;
    child.unref();
    // One that has ended already has no identity any more, and needs none.
    const identity = identify(pid) ?? { pid, startTicks: -1, bootId: "" };
    return new DaemonProcess(identity, { gone: ended.signal, how: () => how, forget() {} });
  }

  /** One that runs already. */
  static found(identity: ProcessIdentity): DaemonProcess {
    const ended = new AbortController();
    const looking = setInterval(() => {
      if (isAlive(identity)) return;
      clearInterval(looking);
      ended.abort();
    }, LOOK_INTERVAL_MS);
    looking.unref();
    return new DaemonProcess(identity, {
      gone: ended.signal,
      how: () => "ended",
      forget: () => clearInterval(looking),
    });
  }

  /** Whether it runs. */
  get isAlive(): boolean {
    return isAlive(this.identity);
  }

  /** Aborts when it has ended. */
  get gone(): AbortSignal {
    return this.#watched.gone;
  }

  /** How it ended, as far as that is known. */
  get how(): string {
    return this.#watched.how();
  }

  /** Ends what looks for it. */
  forget(): void {
    this.#watched.forget();
  }
}

function refusal(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once("error", resolve));
}
