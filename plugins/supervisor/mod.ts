/**
 * A containerd of one's own: started, watched and restarted by this process. Node, Deno and Bun on
 * Linux; Deno needs `--allow-all`, because it guards `/proc` so.
 *
 * The daemon is a process of its own, which outlives this one: {@linkcode supervise} takes over what
 * a crashed owner has left. Its containers outlive the daemon, too, as with every containerd.
 *
 * @module
 */

import type { ContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { readSettings } from "./settings.ts";

/**
 * What a supervised daemon is at.
 *
 * - `starting`: it has not answered yet
 * - `running`: it answers
 * - `restarting`: it has ended or hangs, and is being started again
 * - `failed`: it could not be kept running, or not be stopped, and nobody tries any more
 * - `stopped`: it was stopped
 * - `detached`: it was left running, and is no longer watched
 */
export type SupervisorState =
  | "starting"
  | "running"
  | "restarting"
  | "failed"
  | "stopped"
  | "detached";

/** A change that {@linkcode SuperviseOptions.onState} is told of. */
export interface StateChange {
  /** The new state. */
  readonly state: SupervisorState;
  /** Process id of the daemon; `undefined` while there is none. */
  readonly pid: number | undefined;
  /** Why, for `restarting` and `failed`. */
  readonly reason: ContainerError | undefined;
}

/** How much a daemon writes to its log. */
export type DaemonLogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "panic";

/** What {@linkcode supervise} takes. */
export interface SuperviseOptions extends CallOptions {
  /** Name of the program in `PATH`, or its absolute path. Default: `containerd`. */
  readonly binary?: string | undefined;
  /**
   * Absolute path of the folder of the socket, the configuration, the log and what the daemon keeps
   * while containers run. Made with mode 0700 if missing. One daemon has one, and it must not be
   * shared between PID namespaces. Default: `/run/libcontainerd/daemon`.
   */
  readonly directory?: string | undefined;
  /**
   * Absolute path of the folder of what the daemon keeps for good. Default: `root` in `directory`
   * where that is given, else `/var/lib/libcontainerd/daemon`.
   */
  readonly rootDirectory?: string | undefined;
  /**
   * TOML that is added to the configuration, without `version` and `imports`: in version 2 for
   * containerd 1.x, in version 3 for 2.x. The folders, the addresses and `disabled_plugins` of the
   * supervisor win. A daemon that runs with another configuration is replaced.
   */
  readonly config?: string | undefined;
  /** How much the daemon writes to its log. Default: what `config` says, else `info`. */
  readonly logLevel?: DaemonLogLevel | undefined;
  /** The daemon's `oom_score_adj`, from -1000 to 1000. Default: that of this process. */
  readonly oomScore?: number | undefined;
  /** Environment of the daemon, and so of shims and OCI runtimes, beside that of this process. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How long a start may take, in milliseconds. Default: 15000. */
  readonly startBudgetMs?: number | undefined;
  /** How often a running daemon is asked for a sign of life, in milliseconds. Default: 3000. */
  readonly healthIntervalMs?: number | undefined;
  /** How long its answer may take, in milliseconds. Default: 3000. */
  readonly healthTimeoutMs?: number | undefined;
  /**
   * After how many missing answers in a row it is killed and restarted. It gets SIGUSR1 before, and
   * 100 ms to write stack traces, which are put into `containerd.stacks.log` in `directory`.
   * Default: 3.
   */
  readonly healthMisses?: number | undefined;
  /**
   * After how many failed restarts in a row it is given up: the daemon did not come up, or has ended
   * or hung within 30 s. One that was well for longer begins the count anew. Default: 5.
   */
  readonly maxRestarts?: number | undefined;
  /** From which size on the log is set aside as `containerd.log.1`. Default: 10 MiB. */
  readonly maxLogBytes?: number | undefined;
  /** Is told of every change of state; what it throws or rejects with is dropped. */
  readonly onState?: ((change: StateChange) => void) | undefined;
}

/** What {@linkcode SupervisedDaemon.stop} takes. */
export interface StopOptions {
  /** How long the daemon may take before it is killed, in milliseconds. Default: 15000. */
  readonly budgetMs?: number | undefined;
}

/**
 * A daemon that is watched. Nothing of it keeps this process alive but the calls that are waited
 * for. Disposing it stops the daemon.
 */
export interface SupervisedDaemon extends AsyncDisposable {
  /** Address of its socket, as a URL; the same after every restart. */
  readonly address: string;
  /** Process id; `undefined` while there is none. */
  readonly pid: number | undefined;
  /** Version, for instance `2.1.9`, as the daemon last told it. */
  readonly version: string;
  /** What it is at. */
  readonly state: SupervisorState;
  /** Whether it ran before, and was taken over from an owner that is gone. */
  readonly takenOver: boolean;
  /** Path of its log. */
  readonly logFile: string;
  /**
   * Settles when it is no longer supervised: resolves once it is stopped or detached, and rejects
   * with `unavailable` and the end of the log if it was given up, or as a {@linkcode stop} that
   * failed. Does not keep the process alive.
   */
  readonly ended: Promise<void>;
  /** The last lines of its log; at most those of the last 64 KiB. Default: 20. */
  logTail(lines?: number): readonly string[];
  /**
   * Waits until it runs.
   *
   * @throws {ContainerError} `unavailable` if it was given up, stopped or detached.
   */
  ready(options?: CallOptions): Promise<void>;
  /**
   * Stops the daemon: SIGTERM, after the budget SIGKILL; then its socket and its PID file are
   * removed. Its shims and containers run on, and the next daemon in the folder finds them.
   * Idempotent.
   *
   * One that fails may be tried again; the state is `failed` from then on, and the folder has no other
   * owner before the daemon is gone.
   *
   * @throws {ContainerError} `deadline_exceeded` if the kernel does not let it go,
   * `permission_denied` if this process may not end it.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Leaves the daemon running for the next owner. Idempotent. */
  detach(): Promise<void>;
}

/**
 * Starts a private containerd, or takes over the one that a crashed owner has left in the folder,
 * and watches it: a daemon that has ended, or that gives no sign of life, is started again, 100 ms
 * to 30 s later.
 *
 * A process is sent a signal only if it is proven to be the daemon: it is the one that was started, or
 * that the PID file notes, by its id and its start; or its command line names the folder's
 * configuration, it is in no other mount or PID namespace, and it was started by that one or holds the
 * folder's listening socket. One that is taken over has that socket for itself, and answers. A first
 * start that fails is not repeated.
 *
 * @example
 * ```ts
 * const daemon = await supervise({ directory: "/run/my-app" });
 * const client = await connect({ address: daemon.address, namespace: "libcontainerd" });
 * ```
 *
 * @throws {ContainerError} `invalid_argument` for a bad option, `not_found` without the program,
 * `conflict` if the folder has another owner or a foreign process listens on its socket,
 * `failed_precondition` if a folder is in the place of one of its files,
 * `permission_denied` for a folder that others can write to or replace, `unavailable` with the end of the log
 * if the daemon does not come up, `unimplemented` on other platforms than Linux. An abort rejects
 * with the signal's reason, and leaves nothing that was started.
 */
export async function supervise(options: SuperviseOptions = {}): Promise<SupervisedDaemon> {
  const settings = readSettings(options);
  options.signal?.throwIfAborted();
  const { startSupervisor } = await import("./supervisor.ts");
  return await startSupervisor(settings, options);
}
