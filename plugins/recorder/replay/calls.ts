import { isContainerError, shown } from "../../../src/errors.ts";
import type { Fault, MemoryHost } from "../../memory/mod.ts";
import { withoutMissing } from "../arguments.ts";
import type { CallEntry, EventEntry, RecordedObject, ReturnEntry } from "../recording.ts";
import type { Cast } from "./cast.ts";
import { ending, isAlike } from "./compare.ts";
import { disturb, dropEffect, hangWait } from "./disturbance.ts";
import type { Endings } from "./endings.ts";
import { type Future, keyOf, subjectOf } from "./future.ts";
import { type Handles, PLUGIN } from "./handles.ts";
import type { Outage } from "./outage.ts";
import type { Patience } from "./patience.ts";
import { type Handle, isRefused, perform } from "./perform.ts";
import type { ReplayDifference, ReplayedCall } from "./result.ts";
import { plainStatus } from "./subscription.ts";

/** A call that was replayed. */
interface Running {
  readonly entry: CallEntry;
  readonly abort: AbortController;
  readonly faults: readonly Fault[];
  /** Resolves when it has ended; never rejects. */
  readonly ended: Promise<void>;
  handle?: unknown;
  result: ReplayedCall;
}

/** What {@linkcode Calls} needs. */
export interface CallsOptions {
  /** What was recorded. */
  readonly future: Future;
  /** Where it is replayed. */
  readonly host: MemoryHost;
  /** What runs there. */
  readonly cast: Cast;
  /** What calls are made on. */
  readonly handles: Handles;
  /** Ends what they end. */
  readonly endings: Endings;
  /** When there is no connection. */
  readonly outage: Outage;
  /** How long is waited. */
  readonly patience: Patience;
  /** Takes the faults that are made. */
  readonly faults: Set<Fault>;
  /** Whether there is a stream of events. */
  readonly hasEvents: () => boolean;
  /** Subscribes to events. */
  readonly subscribe: (call: CallEntry, handle: Handle, signal: AbortSignal) => Promise<void>;
}

/** The calls of a replay. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #running = new Map<number, Running>();

  /** @param options What was recorded, and what takes part. */
  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** What became of them, in the order in which they began. */
  get results(): readonly ReplayedCall[] {
    return [...this.#running.values()].map(({ result }) => result);
  }

  /** Where that is not what was recorded. */
  get differences(): readonly ReplayDifference[] {
    const { future } = this.#options;
    return [...this.#running.values()].flatMap(({ entry, result }) => {
      const recorded = future.returnOf(entry.call);
      if (isAlike(result, recorded) || this.#isOfIdle(result, recorded)) return [];
      const subject = `#${entry.call} ${entry.method} ${subjectOf(entry)}`;
      const [was, is] = [ending(recorded), ending(result)];
      return [{ what: "call", seq: entry.seq, subject, recorded: was, replayed: is }];
    });
  }

  /** What a call gave. */
  given(call: number): unknown {
    return this.#running.get(call)?.handle;
  }

  /** Aborts one call, or all. */
  abort(call?: number): void {
    for (const [number, { abort }] of this.#running) {
      if (call === undefined || call === number) abort.abort();
    }
  }

  /** How many calls were made so far that may have brought an event about. */
  countOf(method: CallEntry["method"], event: EventEntry): number {
    const { future } = this.#options;
    let count = 0;
    for (const { entry } of this.#running.values()) {
      if (entry.method !== method || keyOf(entry) !== keyOf(event)) continue;
      if (future.returnOf(entry.call)?.outcome !== "error" || future.hasEffect(entry)) {
        count++;
      }
    }
    return count;
  }

  /** Makes a call, which goes on. */
  async begin(entry: CallEntry): Promise<void> {
    const { method, call, containerId, processId } = entry;
    const result: ReplayedCall = {
      call,
      method,
      ...(containerId !== undefined && { containerId }),
      ...(processId !== undefined && { processId }),
      outcome: "pending",
    };
    const { cast, endings, handles, outage, subscribe } = this.#options;
    outage.endFor(entry);
    const handle = await handles.of(entry);
    const abort = new AbortController();
    const running: Running = {
      entry,
      abort,
      faults: handle ? await this.#prepare(entry) : [],
      ended: Promise.resolve(),
      result,
    };
    this.#running.set(call, running);
    if (handle === undefined) {
      running.result = { ...result, outcome: "not-run" };
      return;
    }
    const isHarmless = endings.isHarmless(entry);
    const args = cast.args(
      { containerId: containerId ?? "", processId: processId ?? "init" },
      entry,
    );
    const { signal } = abort;
    const performed = method === "runtime.events" && !isRefused(entry.arguments)
      ? subscribe(entry, handle, signal)
      : perform(handle, entry, { signal, args, isHarmless });
    const ended = performed.then(
      (value) => {
        running.handle = value;
        running.result = { ...result, outcome: "ok", ...valueOf(method, value) };
      },
      (error: unknown) => {
        const outcome = signal.aborted && error === signal.reason ? "aborted" : "error";
        const code = isContainerError(error) ? { code: error.code } : {};
        const message = error instanceof Error ? error.message : shown(error);
        running.result = outcome === "aborted"
          ? { ...result, outcome }
          : { ...result, outcome, ...code, message };
      },
    );
    this.#running.set(call, Object.assign(running, { ended }));
  }

  /** Has a call end, as far as it does. */
  async end(entry: ReturnEntry): Promise<void> {
    const { cast, endings, faults, future, outage, patience } = this.#options;
    const running = this.#running.get(entry.call);
    if (running === undefined) return;
    const { entry: { on, method } } = running;
    const status = future.statusIn(entry);
    if (status) await endings.end(entry, status, cast.of(on, entry));
    if (entry.outcome === "aborted") running.abort.abort();
    outage.endBy(entry);
    const pid = entry.value?.["pid"];
    const puppet = cast.of(on, entry);
    if (method === "process.start" && puppet && typeof pid === "number") puppet.recordedPid = pid;
    await patience.within(running.ended);
    for (const fault of running.faults) {
      faults.delete(fault);
      fault.lift();
    }
  }

  /** Sets the scene for a call: what it makes, and what disturbs it. */
  async #prepare(entry: CallEntry): Promise<readonly Fault[]> {
    const { method } = entry;
    const { cast, endings, future, hasEvents, host: { faults } } = this.#options;
    const made: Fault[] = [];
    const makes = method === "container.newTask" || method === "task.exec";
    if (makes && future.isDone(entry)) {
      cast.addFrom(entry);
      const whom = method === "container.newTask" ? { ...entry, processId: "init" } : entry;
      made.push(...hangWait(faults, future, whom, PLUGIN));
    }
    if (method === "process.start") endings.delayStart(entry);
    await endings.endBefore(entry);
    if (method === "process.kill" || method === "process.delete") {
      await endings.endFirst(entry);
    }
    made.push(...disturb(faults, future, entry, PLUGIN));
    if (hasEvents()) made.push(...dropEffect(faults, future, entry));
    for (const fault of made) this.#options.faults.add(fault);
    return made;
  }

  /** Whether it is about the end of a process that never ran: its code is up to the runtime. */
  #isOfIdle(call: ReplayedCall, recorded: ReturnEntry | undefined): boolean {
    const { cast, future } = this.#options;
    const hasEnded = [call.value, recorded?.value].every((value) => value?.["state"] === "exited");
    const on = future.callOf(call.call)?.on ?? 0;
    return hasEnded && cast.of(on, call)?.hasRun === false;
  }
}

/** What of an answer is compared. */
function valueOf(method: CallEntry["method"], value: unknown): { value?: RecordedObject } {
  if (method === "process.wait" || method === "process.delete") {
    return { value: plainStatus(value as Parameters<typeof plainStatus>[0]) };
  }
  if (method !== "process.status") return {};
  return { value: withoutMissing({ ...(value as object) }) };
}
