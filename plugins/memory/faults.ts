import type { Fault } from "./fault.ts";
import type {
  BreakCallsOptions,
  DelayEventsOptions,
  EventMatch,
  FailCallsOptions,
  HangCallsOptions,
  LoseConnectionOptions,
  LoseDaemonOptions,
  ReorderEventsOptions,
} from "./fault-options.ts";

/**
 * What can go wrong on a host is brought about here. What lasts does so until it is lifted; all of
 * these throw `invalid_argument` for a bad or unknown option.
 */
export interface Faults {
  /** How many are active. */
  readonly size: number;

  /** Lets calls fail, before or after their work is done. */
  failCalls(options?: FailCallsOptions): Fault;

  /** Lets calls hang until the fault is lifted, their signal aborts or the connection is lost. */
  hangCalls(options?: HangCallsOptions): Fault;

  /**
   * Loses the connection of a client in the middle of a call, once by default, until the fault is
   * lifted.
   */
  breakCalls(options?: BreakCallsOptions): Fault;

  /** Loses events. */
  dropEvents(options?: EventMatch): Fault;

  /** Tells events twice. */
  duplicateEvents(options?: EventMatch): Fault;

  /** Tells events later. */
  delayEvents(options?: DelayEventsOptions): Fault;

  /** Tells events after the one that comes next. */
  reorderEvents(options?: ReorderEventsOptions): Fault;

  /** Loses the connections of clients; also those that are made meanwhile fail. */
  loseConnection(options?: LoseConnectionOptions): Fault;

  /** Loses the daemon: no connection until it is back, while the processes run on. */
  loseDaemon(options?: LoseDaemonOptions): Fault;

  /**
   * Ends the processes of a container together with its shim: its task is gone, and how it ended is
   * told of the first process alone.
   *
   * @throws {ContainerError} `not_found` if the container has no task.
   */
  killShim(containerId: string): void;

  /**
   * Ends the first process of a container with `SIGKILL`, as by another program of its host.
   *
   * @throws {ContainerError} `not_found` if the container has no task.
   */
  killInit(containerId: string): void;

  /**
   * Ends a container for want of memory.
   *
   * @throws {ContainerError} `not_found` if the container has no task, `failed_precondition` if it
   * does not run.
   */
  exhaustMemory(containerId: string): void;
  /** Lifts all that last. */
  lift(): void;
}
