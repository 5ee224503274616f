/** What is on a host; a number each. */
export interface MemoryResidue {
  /** Containers. */
  readonly containers: number;
  /** Tasks of them. */
  readonly tasks: number;
  /** Processes of them, also those that have ended and are not removed. */
  readonly processes: number;
  /** Programs that have not returned, also of processes that were killed. */
  readonly programs: number;
  /** Processes whose streams a client holds. */
  readonly streams: number;
  /** Subscriptions to events. */
  readonly subscriptions: number;
  /** Clients that are connected. */
  readonly connections: number;
  /** Calls that are not answered, among them one for each handle that waits for its end. */
  readonly calls: number;
  /** Timers of programs and faults. */
  readonly timers: number;
  /** Faults that are not lifted. */
  readonly faults: number;
  /** Events that faults hold back. */
  readonly heldEvents: number;
}
