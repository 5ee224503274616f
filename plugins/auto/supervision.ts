import { invalidArgument, shown } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { supervise, type SupervisedDaemon, type SuperviseOptions } from "../supervisor/mod.ts";
import { readSettings } from "../supervisor/settings.ts";
import type { Choice } from "./choose-runtime.ts";
import type { ConnectOptions } from "./mod.ts";

/** What a client of a private daemon needs beside what {@linkcode SuperviseOptions} has. */
export interface SupervisionOptions extends Omit<SuperviseOptions, "signal"> {
  /**
   * Whether the daemon is left running when the client is disposed; the next `connect()` with
   * `supervise` takes it over. Default: false.
   */
  readonly keepRunning?: boolean | undefined;
}

/**
 * Not that of the host's own containerd: runc keeps its records and cgroups by namespace and id for
 * all daemons of a host.
 */
const DEFAULT_NAMESPACE = "libcontainerd";

/** The private daemon of a client: not started yet, running, or at its end. */
export class Supervision implements AsyncDisposable {
  /** Where it will listen, and why. */
  readonly choice: Choice;
  readonly #options: Omit<SuperviseOptions, "signal">;
  #keepRunning: boolean;
  #daemon: SupervisedDaemon | undefined;

  /**
   * Checks the options; starts nothing.
   *
   * @throws {ContainerError} `invalid_argument` that names the option.
   */
  constructor(options: ConnectOptions, env: Readonly<Record<string, string | undefined>>) {
    const { keepRunning = false, ...rest } = typeof options.supervise === "object"
      ? options.supervise
      : {};
    if (typeof keepRunning !== "boolean") {
      throw invalidArgument(
        "keepRunning",
        `Cannot use keepRunning "${shown(keepRunning)}": not a boolean`,
      );
    }
    // The call's signal is for all of it.
    if ("signal" in rest) {
      throw invalidArgument(
        "signal",
        'Cannot use option "signal" in "supervise": pass it beside it',
      );
    }
    for (const name of ["address", "tls"] as const) {
      if (options[name] === undefined) continue;
      throw invalidArgument(
        name,
        `Cannot use option "${name}" with "supervise": the daemon is here`,
      );
    }
    this.choice = {
      address: readSettings(rest).address,
      namespace: options.namespace ?? (env["CONTAINERD_NAMESPACE"] || DEFAULT_NAMESPACE),
      reason: "private containerd, supervised",
    };
    this.#options = rest;
    this.#keepRunning = keepRunning;
  }

  /** Starts it, or takes it over; errors as for {@linkcode supervise}. */
  async start(options: CallOptions): Promise<void> {
    this.#daemon = await supervise({ ...this.#options, ...options });
  }

  /** Disposes after a start that came to nothing: what was not there before is stopped. */
  undo(): void {
    this.#keepRunning = this.#daemon?.takenOver ?? false;
  }

  /** Stops it, or leaves it running where that was asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keepRunning) await this.#daemon?.detach();
    else await this.#daemon?.stop();
  }
}
