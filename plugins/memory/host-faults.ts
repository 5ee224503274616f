import type { CallFaults } from "./call-faults.ts";
import type { Daemon } from "./daemon.ts";
import type { Fault } from "./fault.ts";
import type { Faults } from "./faults.ts";
import type { EventFaults } from "./event-faults.ts";
import {
  type BreakCallsOptions,
  checkFault,
  type DelayEventsOptions,
  type EventMatch,
  type FailCallsOptions,
  type HangCallsOptions,
  type LoseConnectionOptions,
  type LoseDaemonOptions,
  type ReorderEventsOptions,
} from "./fault-options.ts";
import { aboutContainer, errorOf, Refusal } from "./refusal.ts";
import { validateContainerId } from "../../src/identifiers.ts";
import type { Outages } from "./outages.ts";

const CALLS = ["method", "containerId", "processId", "plugin", "times", "probability", "work"];
const EVENTS = ["matches", "times", "probability"];
const KILLED = 137;

/** Brings about what goes wrong on a host. */
export class HostFaults implements Faults {
  readonly #daemon: Daemon;
  readonly #calls: CallFaults;
  readonly #events: EventFaults;
  readonly #outages: Outages;

  /** @param daemon What it is about. */
  constructor(daemon: Daemon, calls: CallFaults, events: EventFaults, outages: Outages) {
    this.#daemon = daemon;
    this.#calls = calls;
    this.#events = events;
    this.#outages = outages;
  }

  /** How many are active. */
  get size(): number {
    return this.#calls.size + this.#events.size + this.#outages.size;
  }

  /** Lets calls fail, before or after their work is done. */
  failCalls(options: FailCallsOptions = {}): Fault {
    checkFault(options, ...CALLS, "code");
    const { code = "internal", work = "undone", ...match } = options;
    return this.#calls.add(match, { kind: "fail", work, code });
  }

  /** Lets calls hang until the fault is lifted, their signal aborts or the connection is lost. */
  hangCalls(options: HangCallsOptions = {}): Fault {
    checkFault(options, ...CALLS);
    const { work = "undone", ...match } = options;
    return this.#calls.add(match, { kind: "hang", work, code: "internal" });
  }

  /**
   * Loses the connection of a client in the middle of a call, once by default, until the fault is
   * lifted.
   */
  breakCalls(options: BreakCallsOptions = {}): Fault {
    checkFault(options, ...CALLS);
    const { work = "undone", ...match } = options;
    return this.#calls.add({ times: 1, ...match }, { kind: "break", work, code: "unavailable" });
  }

  /** Loses events. */
  dropEvents(options: EventMatch = {}): Fault {
    checkFault(options, ...EVENTS);
    return this.#events.drop(options);
  }

  /** Tells events twice. */
  duplicateEvents(options: EventMatch = {}): Fault {
    checkFault(options, ...EVENTS);
    return this.#events.duplicate(options);
  }

  /** Tells events later. */
  delayEvents(options: DelayEventsOptions = {}): Fault {
    checkFault(options, ...EVENTS, "delayMs");
    const { delayMs = Infinity, ...match } = options;
    return this.#events.delay(match, delayMs);
  }

  /** Tells events after the one that comes next. */
  reorderEvents(options: ReorderEventsOptions = {}): Fault {
    checkFault(options, ...EVENTS, "withinMs");
    const { withinMs = 10, ...match } = options;
    return this.#events.reorder(match, withinMs);
  }

  /** Loses the connections of clients; also those that are made meanwhile fail. */
  loseConnection(options: LoseConnectionOptions = {}): Fault {
    checkFault(options, "plugin", "forMs");
    return this.#outages.begin("lose connection", options);
  }

  /** Loses the daemon: no connection until it is back, while the processes run on. */
  loseDaemon(options: LoseDaemonOptions = {}): Fault {
    checkFault(options, "ended", "forMs");
    const { ended = "kept", forMs } = options;
    const onBack = () => {
      if (ended === "gone") this.#daemon.forgetEnded();
    };
    return this.#outages.begin("lose daemon", { forMs, onBack });
  }

  /**
   * Ends the processes of a container together with its shim: its task is gone, and how it ended is
   * told of the first process alone.
   *
   * @throws {ContainerError} `not_found` if the container has no task.
   */
  killShim(containerId: string): void {
    this.#about(containerId, "kill shim of", () => this.#daemon.lose(containerId));
  }

  /**
   * Ends the first process of a container with `SIGKILL`, as by another program of its host.
   *
   * @throws {ContainerError} `not_found` if the container has no task.
   */
  killInit(containerId: string): void {
    this.#about(
      containerId,
      "kill first process of",
      () => this.#daemon.task(containerId).init.end(KILLED),
    );
  }

  /**
   * Ends a container for want of memory.
   *
   * @throws {ContainerError} `not_found` if the container has no task, `failed_precondition` if it
   * does not run.
   */
  exhaustMemory(containerId: string): void {
    this.#about(
      containerId,
      "exhaust memory of",
      () => this.#daemon.task(containerId).exhaustMemory(),
    );
  }

  /** Lifts all. */
  lift(): void {
    this.#calls.lift();
    this.#events.lift();
    this.#outages.lift();
  }

  #about(containerId: string, verb: string, act: () => void): void {
    validateContainerId(containerId);
    try {
      act();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw errorOf(aboutContainer("kill", verb, containerId), "memory", error);
    }
  }
}
