import { isContainerError } from "../../../src/errors.ts";
import type { Runtime } from "../../../src/runtime.ts";
import { type Fault, MemoryHost } from "../../memory/mod.ts";
import { withoutMissing } from "../arguments.ts";
import type {
  CallEntry,
  Entry,
  EventEntry,
  EventsEndEntry,
  ExitedEntry,
  RecordedObject,
  Recording,
  ReturnEntry,
  StdioEntry,
} from "../recording.ts";
import { Cast } from "./cast.ts";
import { ReplayClock } from "./clock.ts";
import { ending, eventDifferences, gist, isAlike } from "./compare.ts";
import { disturb, dropEffect, hangWait } from "./disturbance.ts";
import { Endings } from "./endings.ts";
import { causeOf, Future, identityOf, type Ids, keyOf } from "./future.ts";
import { Handles, PLUGIN } from "./handles.ts";
import { Outage } from "./outage.ts";
import { Patience } from "./patience.ts";
import { perform } from "./perform.ts";
import { type Prelude, preludeOf } from "./prelude.ts";
import type { ReplayDifference, ReplayedCall, ReplayedEvent, ReplayResult } from "./result.ts";
import { Streams } from "./streams.ts";
import { plainStatus, Subscription } from "./subscription.ts";

/** How often what is ready gets its turn before a call counts as pending. */
const LAST_TURNS = 10;
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

/** What {@linkcode Performance} takes. */
export interface PerformanceOptions {
  /** A host with programs of its own. */
  readonly host: MemoryHost | undefined;
  /** How long is waited for what does not come, in milliseconds. */
  readonly budgetMs: number;
}

/** One replay of a recording: goes through its entries, and does, or awaits, what each of them tells. */
export class Performance {
  readonly #future: Future;
  readonly #host: MemoryHost;
  readonly #clock = new ReplayClock();
  readonly #patience: Patience;
  readonly #cast: Cast;
  readonly #handles: Handles;
  readonly #streams: Streams;
  readonly #endings: Endings;
  readonly #outage: Outage;
  readonly #faults = new Set<Fault>();
  readonly #running = new Map<number, Running>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #told: ReplayedEvent[] = [];
  readonly #counts = new Map<string, number>();
  readonly #differences: ReplayDifference[] = [];

  /** @param recording What is replayed. */
  constructor(recording: Recording, { host, budgetMs }: PerformanceOptions) {
    const future = new Future(recording);
    const patience = new Patience(budgetMs);
    const faults = this.#faults;
    this.#clock.goTo(recording.entries[0]?.timeMs ?? 0);
    const cast = new Cast(future, { isScripted: host === undefined });
    this.#host = host ?? new MemoryHost({ clock: this.#clock, programs: cast.programs });
    const shared = { future, host: this.#host, cast, patience };
    const givenBy = ({ call }: CallEntry) => this.#running.get(call)?.handle;
    const handles = new Handles({ ...shared, givenBy });
    const streams = new Streams(future, handles);
    const outage = new Outage(future, this.#host, cast);
    const isTold = () => !outage.isOn && this.#subscriptions.size > 0;
    this.#future = future;
    this.#patience = patience;
    this.#cast = cast;
    this.#handles = handles;
    this.#streams = streams;
    this.#outage = outage;
    this.#endings = new Endings({ ...shared, handles, streams, faults, isTold });
  }

  /** Ends it, with an error. */
  stop(reason: unknown): void {
    this.#patience.stop(reason);
  }

  /** Goes through the recording. */
  async run(): Promise<ReplayResult> {
    const preludes = Map.groupBy(
      this.#cast.isScripted ? preludeOf(this.#future) : [],
      ({ before }) => before,
    );
    await this.#prelude(preludes.get(0));
    for (const entry of this.#future.entries) {
      this.#patience.check();
      await this.#prelude(preludes.get(entry.seq));
      this.#clock.goTo(entry.timeMs);
      await this.#step(entry);
    }
    for (let turn = 0; turn < LAST_TURNS; turn++) await this.#patience.turn();
    const calls = [...this.#running.values()].map(({ result }) => result);
    for (const { entry, result } of this.#running.values()) {
      const recorded = this.#future.returnOf(entry.call);
      if (isAlike(result, recorded) || this.#isOfIdle(result, recorded)) continue;
      const subject = `#${entry.call} ${entry.method} ${subjectOf(entry)}`;
      this.#differ("call", entry.seq, subject, ending(recorded), ending(result));
    }
    const events = [...this.#told];
    this.#differences.push(...eventDifferences(this.#future.entries, events));
    return {
      calls,
      pending: calls.filter(({ outcome }) => outcome === "pending"),
      events,
      differences: [...this.#differences].sort((one, other) => one.seq - other.seq),
    };
  }

  /** Whether it is about the end of a process that never ran: its code is up to the runtime. */
  #isOfIdle(call: ReplayedCall, recorded: ReturnEntry | undefined): boolean {
    const hasEnded = [call.value, recorded?.value].every((value) => value?.["state"] === "exited");
    const on = this.#future.callOf(call.call)?.on ?? 0;
    return hasEnded && this.#cast.of(on, call)?.hasRun === false;
  }

  /** Ends what is under way. Never rejects. */
  async close(): Promise<void> {
    this.#patience.stop();
    for (const { abort } of this.#running.values()) abort.abort();
    for (const fault of this.#faults) fault.lift();
    this.#outage.end();
    await Promise.allSettled([...this.#subscriptions.values()].map((each) => each.close()));
    await this.#handles.close();
    if (this.#cast.isScripted) await this.#host[Symbol.asyncDispose]();
  }

  async #step(entry: Entry): Promise<void> {
    switch (entry.kind) {
      case "call":
        return await this.#call(entry);
      case "return":
        return await this.#return(entry);
      case "exited":
        return await this.#exited(entry);
      case "event":
        return await this.#event(entry);
      case "events-end":
        return await this.#eventsEnd(entry);
      case "stdio":
        return await this.#stdio(entry);
      default: // remote procedure calls are there to be read
    }
  }

  async #eventsEnd({ call }: EventsEndEntry): Promise<void> {
    this.#running.get(call)?.abort.abort();
    await this.#subscriptions.get(call)?.close();
  }

  /** Makes what others have made. */
  async #prelude(needed: readonly Prelude[] = []): Promise<void> {
    if (needed.length === 0) return;
    await this.#handles.withOutsider(async (outsider) => {
      for (const { what, stdio, ...whom } of needed) {
        await this.#patience.attempt(async () => {
          if (what === "container") return await outsider.makeContainer(whom);
          this.#cast.add(whom);
          await outsider.add(whom, stdio);
          if (what === "running") await outsider.start(whom);
        });
      }
    });
  }

  async #call(entry: CallEntry): Promise<void> {
    const { method, call, containerId, processId } = entry;
    const result: ReplayedCall = {
      call,
      method,
      ...(containerId !== undefined && { containerId }),
      ...(processId !== undefined && { processId }),
      outcome: "pending",
    };
    this.#outage.endFor(entry);
    const handle = await this.#handles.of(entry);
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
    const isHarmless = this.#endings.isHarmless(entry);
    const args = this.#cast.args(
      { containerId: containerId ?? "", processId: processId ?? "init" },
      entry,
    );
    const { signal } = abort;
    const performed = method === "runtime.events"
      ? this.#subscribe(entry, handle as Runtime, signal)
      : perform(handle, entry, { signal, args, isHarmless });
    const ended = performed.then(
      (value) => {
        running.handle = value;
        running.result = { ...result, outcome: "ok", ...valueOf(method, value) };
      },
      (error: unknown) => {
        const outcome = signal.aborted && error === signal.reason ? "aborted" : "error";
        const code = isContainerError(error) ? { code: error.code } : {};
        const message = error instanceof Error ? error.message : String(error);
        running.result = outcome === "aborted"
          ? { ...result, outcome }
          : { ...result, outcome, ...code, message };
      },
    );
    this.#running.set(call, Object.assign(running, { ended }));
  }

  /** Sets the scene for a call: what it makes, and what disturbs it. */
  async #prepare(entry: CallEntry): Promise<readonly Fault[]> {
    const { method } = entry;
    const { faults } = this.#host;
    const made: Fault[] = [];
    const makes = method === "container.newTask" || method === "task.exec";
    if (makes && this.#future.isDone(entry)) {
      this.#cast.addFrom(entry);
      const whom = method === "container.newTask" ? { ...entry, processId: "init" } : entry;
      made.push(...hangWait(faults, this.#future, whom, PLUGIN));
    }
    if (method === "process.start") this.#endings.delayStart(entry);
    if (method === "process.kill" || method === "process.delete") {
      await this.#endings.endFirst(entry);
    }
    made.push(...disturb(faults, this.#future, entry, PLUGIN));
    if (this.#subscriptions.size > 0) made.push(...dropEffect(faults, this.#future, entry));
    for (const fault of made) this.#faults.add(fault);
    return made;
  }

  async #return(entry: ReturnEntry): Promise<void> {
    const running = this.#running.get(entry.call);
    if (running === undefined) return;
    const { entry: { on, method } } = running;
    const status = this.#future.statusIn(entry);
    if (status) await this.#endings.end(entry, status, this.#cast.of(on, entry));
    if (entry.outcome === "aborted") running.abort.abort();
    else if (entry.outcome === "ok") this.#outage.end();
    const pid = entry.value?.["pid"];
    const puppet = this.#cast.of(on, entry);
    if (method === "process.start" && puppet && typeof pid === "number") puppet.recordedPid = pid;
    await this.#patience.within(running.ended);
    for (const fault of running.faults) {
      this.#faults.delete(fault);
      fault.lift();
    }
  }

  async #exited(entry: ExitedEntry): Promise<void> {
    const { on, status, seq } = entry;
    await this.#endings.end(entry, status, this.#cast.of(on, entry));
    // It is known by a connection, also where the stream of events has not got one again.
    this.#outage.end();
    const process = await this.#handles.process(on, entry);
    const found: { status?: RecordedObject } = {};
    if (process) {
      await this.#patience.within(
        process.exited.then((end) => void (found.status = plainStatus(end))),
      );
    }
    const [recorded, replayed] = [gist(status).trim(), gist(found.status).trim() || "nothing"];
    const isIdle = this.#cast.of(on, entry)?.hasRun === false && replayed !== "nothing";
    if (recorded !== replayed && !isIdle) {
      this.#differ("call", seq, `end of ${subjectOf(entry)}`, recorded, replayed);
    }
  }

  async #event(entry: EventEntry): Promise<void> {
    const { event, call } = entry;
    const identity = identityOf(event);
    const key = `${call} ${identity}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    const { type } = event;
    if (type === "disconnected") this.#outage.begin(entry.seq);
    else if (type === "connected") this.#outage.end();
    else if (entry.containerId !== undefined) await this.#cause(entry, count);
    this.#endings.release(event);
    const subscription = this.#subscriptions.get(call);
    // Nothing brings a gap about but a reader that is slow.
    if (subscription && type !== "gap") {
      await this.#patience.within(subscription.brought(identity, count));
    }
  }

  /** Brings about what an event tells, unless a call, or an earlier entry, has done so. */
  async #cause(entry: EventEntry, count: number): Promise<void> {
    const { containerId = "", processId = "init", event } = entry;
    const whom = { containerId, processId };
    const { type } = event;
    const puppet = this.#cast.withPid(whom, event["pid"] ?? 0);
    if (type === "exit") {
      const status = this.#future.statusIn(entry);
      if (status) await this.#endings.end(entry, status, puppet);
      return;
    }
    if (!this.#cast.isScripted) return;
    if (type === "oom") return this.#endings.exhaust(containerId, puppet);
    const method = causeOf(type);
    if (method === undefined || this.#callsOf(method, entry) >= count) return;
    const outsider = await this.#handles.outsider();
    await this.#patience.attempt(async () => {
      switch (type) {
        case "create":
        case "exec-added":
          this.#cast.add(whom);
          return await outsider.add(whom);
        case "start":
        case "exec-started":
          return await outsider.start(whom);
        case "delete":
          return await outsider.delete(whom);
        case "paused":
          return await outsider.freeze(whom, "pause");
        case "resumed":
          return await outsider.freeze(whom, "resume");
        default: // a checkpoint needs a folder
      }
    });
  }

  async #stdio(entry: StdioEntry): Promise<void> {
    const { on, seq, stream, edge, offset, bytes } = entry;
    const puppet = this.#cast.of(on, entry);
    if (stream !== "stdin" && (edge === "end" || edge === "close")) {
      const end = this.#future.endOf(entry, seq - 1);
      if (end) await this.#endings.end(entry, end.status, puppet);
    }
    const found: { difference?: string | undefined } = { difference: "nothing" };
    const playing = this.#streams.play(entry, puppet);
    await this.#patience.within(playing.then((difference) => void (found.difference = difference)));
    if (found.difference === undefined) return;
    const recorded = bytes === undefined
      ? `${edge} after ${offset} bytes`
      : `${edge} ${bytes} bytes`;
    this.#differ("stream", seq, `${stream} of ${subjectOf(entry)}`, recorded, found.difference);
  }

  async #subscribe(entry: CallEntry, runtime: Runtime, signal: AbortSignal): Promise<void> {
    const subscription = new Subscription(
      entry.call,
      runtime.events({ signal }),
      this.#future.readsOf(entry.call),
      this.#told,
    );
    this.#subscriptions.set(entry.call, subscription);
    await subscription.ready;
  }

  /** How many calls were made so far that may have brought an event about. */
  #callsOf(method: CallEntry["method"], event: EventEntry): number {
    let count = 0;
    for (const { entry } of this.#running.values()) {
      if (entry.method !== method || keyOf(entry) !== keyOf(event)) continue;
      if (this.#future.returnOf(entry.call)?.outcome !== "error" || this.#future.hasEffect(entry)) {
        count++;
      }
    }
    return count;
  }

  #differ(
    what: ReplayDifference["what"],
    seq: number,
    subject: string,
    recorded: string,
    replayed: string,
  ): void {
    this.#differences.push({ what, seq, subject, recorded, replayed });
  }
}

function subjectOf({ containerId = "", processId }: Ids): string {
  return processId === undefined ? containerId : `${containerId}/${processId}`;
}

/** What of an answer is compared. */
function valueOf(method: CallEntry["method"], value: unknown): { value?: RecordedObject } {
  if (method === "process.wait" || method === "process.delete") {
    return { value: plainStatus(value as Parameters<typeof plainStatus>[0]) };
  }
  if (method !== "process.status") return {};
  return { value: withoutMissing({ ...(value as object) }) };
}
