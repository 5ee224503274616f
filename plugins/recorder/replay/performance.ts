import type { Runtime } from "../../../src/runtime.ts";
import { type Fault, MemoryHost } from "../../memory/mod.ts";
import type {
  CallEntry,
  Entry,
  EventsEndEntry,
  ExitedEntry,
  RecordedObject,
  Recording,
  StdioEntry,
} from "../recording.ts";
import { Calls } from "./calls.ts";
import { Cast } from "./cast.ts";
import { ReplayClock } from "./clock.ts";
import { gist } from "./compare.ts";
import { Endings } from "./endings.ts";
import { Events } from "./events.ts";
import { Future, subjectOf } from "./future.ts";
import { Handles } from "./handles.ts";
import { Outage } from "./outage.ts";
import { Patience } from "./patience.ts";
import { type Prelude, preludeOf } from "./prelude.ts";
import type { ReplayDifference, ReplayResult } from "./result.ts";
import { Streams } from "./streams.ts";
import { plainStatus } from "./subscription.ts";

/** How often what is ready gets its turn before a call counts as pending. */
const LAST_TURNS = 10;
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
  readonly #calls: Calls;
  readonly #events: Events;
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
    const givenBy = ({ call }: CallEntry) => this.#calls.given(call);
    const handles = new Handles({ ...shared, givenBy });
    const streams = new Streams(future, handles);
    const outage = new Outage(future, this.#host, cast);
    const hasEvents = () => this.#events.size > 0;
    const isTold = () => !outage.isOn && hasEvents();
    const endings = new Endings({ ...shared, handles, streams, faults, isTold });
    const others = { ...shared, handles, endings, outage };
    const events = new Events({
      ...others,
      callsOf: (method, event) => this.#calls.countOf(method, event),
    });
    this.#calls = new Calls({
      ...others,
      faults,
      hasEvents,
      subscribe: (call, handle, signal) => events.subscribe(call, handle as Runtime, signal),
    });
    this.#events = events;
    this.#future = future;
    this.#patience = patience;
    this.#cast = cast;
    this.#handles = handles;
    this.#streams = streams;
    this.#outage = outage;
    this.#endings = endings;
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
    const calls = this.#calls.results;
    const differences = [
      ...this.#differences,
      ...this.#calls.differences,
      ...this.#events.differences,
    ];
    return {
      calls,
      pending: calls.filter(({ outcome }) => outcome === "pending"),
      events: [...this.#events.told],
      differences: differences.sort((one, other) => one.seq - other.seq),
    };
  }

  /** Ends what is under way. Never rejects. */
  async close(): Promise<void> {
    this.#patience.stop();
    this.#calls.abort();
    for (const fault of this.#faults) fault.lift();
    this.#outage.end();
    await this.#events.close();
    await this.#handles.close();
    if (this.#cast.isScripted) await this.#host[Symbol.asyncDispose]();
  }

  async #step(entry: Entry): Promise<void> {
    switch (entry.kind) {
      case "call":
        return await this.#calls.begin(entry);
      case "return":
        return await this.#calls.end(entry);
      case "exited":
        return await this.#exited(entry);
      case "event":
        return await this.#events.play(entry);
      case "events-end":
        return await this.#eventsEnd(entry);
      case "stdio":
        return await this.#stdio(entry);
      default: // remote procedure calls are there to be read
    }
  }

  async #eventsEnd({ call }: EventsEndEntry): Promise<void> {
    this.#calls.abort(call);
    await this.#events.close(call);
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
