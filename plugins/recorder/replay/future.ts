import type {
  CallEntry,
  Entry,
  EventEntry,
  RecordedObject,
  Recording,
  ReturnEntry,
  StreamName,
} from "../recording.ts";

/** The ids of a process. */
export interface Ids {
  /** Its container. */
  readonly containerId?: string | undefined;
  /** The process; `init` is the first one. */
  readonly processId?: string | undefined;
}

/** A container and a process in one text. */
export function keyOf({ containerId = "", processId = "init" }: Ids): string {
  return `${containerId}/${processId}`;
}

/** A container, and a process if there is one, for people to read. */
export function subjectOf({ containerId = "", processId }: Ids): string {
  return processId === undefined ? containerId : `${containerId}/${processId}`;
}

/** By what an event is found again: what happened, and to whom. */
export function identityOf(event: RecordedObject): string {
  const { type, containerId, processId } = event;
  return [type, containerId, processId].filter((part) => part !== undefined).join(" ");
}

/** What tells that a process has ended. */
export interface EndEvidence {
  /** How it ended, as far as it is told. */
  readonly status: RecordedObject;
  /** Number of the entry. */
  readonly seq: number;
}

/** Which events tell that a call has done its work. */
const EFFECTS: Readonly<Partial<Record<CallEntry["method"], readonly string[]>>> = {
  "container.newTask": ["create"],
  "process.start": ["start", "exec-started"],
  "task.exec": ["exec-added"],
  "process.delete": ["delete"],
  "task.pause": ["paused"],
  "task.resume": ["resumed"],
  "task.createCheckpoint": ["checkpointed"],
};

/** The types of the events that tell that a call has done its work. */
export function effectsOf(method: CallEntry["method"]): readonly string[] {
  return EFFECTS[method] ?? [];
}

/** The call that brings an event about. */
export function causeOf(type: unknown): CallEntry["method"] | undefined {
  const found = Object.entries(EFFECTS).find(([, types]) => types.includes(String(type)));
  return found?.[0] as CallEntry["method"] | undefined;
}

/** Looks ahead, and back, in a recording. */
export class Future {
  /** The entries of the recording. */
  readonly entries: readonly Entry[];
  /** Whether others fell out. */
  readonly hasDropped: boolean;
  readonly #calls = new Map<number, CallEntry>();
  readonly #returns = new Map<number, ReturnEntry>();
  readonly #givers = new Map<number, CallEntry>();

  /** @param recording What is replayed. */
  constructor(recording: Recording) {
    this.entries = recording.entries;
    this.hasDropped = recording.dropped > 0;
    for (const entry of this.entries) {
      if (entry.kind === "call") this.#calls.set(entry.call, entry);
      if (entry.kind !== "return") continue;
      this.#returns.set(entry.call, entry);
      const call = this.#calls.get(entry.call);
      if (entry.handle !== undefined && call && !this.#givers.has(entry.handle)) {
        this.#givers.set(entry.handle, call);
      }
    }
  }

  /** A call by its number. */
  callOf(call: number): CallEntry | undefined {
    return this.#calls.get(call);
  }

  /** How a call ended; `undefined` if it had not. */
  returnOf(call: number): ReturnEntry | undefined {
    return this.#returns.get(call);
  }

  /** The call that gave a handle; `undefined` if it fell out. */
  giverOf(handle: number): CallEntry | undefined {
    return this.#givers.get(handle);
  }

  /** The number of the handle that a call gave. */
  handleOf(call: number): number | undefined {
    return this.#returns.get(call)?.handle;
  }

  /** What comes after an entry, about one process, until another one takes its id. */
  *of(ids: Ids, after: number): Generator<Entry> {
    const key = keyOf(ids);
    for (const entry of this.#from(after)) {
      if (entry.containerId === undefined || keyOf(entry) !== key) continue;
      const isNext = entry.kind === "call" &&
        (entry.method === "container.newTask" || entry.method === "task.exec");
      if (isNext && this.isDone(entry)) return;
      yield entry;
    }
  }

  /** The first that tells how a process ended, after an entry. */
  endOf(ids: Ids, after: number): EndEvidence | undefined {
    for (const entry of this.of(ids, after)) {
      const status = this.statusIn(entry);
      if (status) return { status, seq: entry.seq };
    }
    return undefined;
  }

  /** How a process ended, if an entry tells it. */
  statusIn(entry: Entry): RecordedObject | undefined {
    if (entry.kind === "exited") return entry.status;
    if (entry.kind === "event" && entry.event["type"] === "exit") {
      return asObject(entry.event["status"]);
    }
    if (entry.kind !== "return" || entry.outcome !== "ok" || !entry.value) return undefined;
    const method = this.#calls.get(entry.call)?.method;
    if (method === "process.wait" || method === "process.delete") return entry.value;
    const isStopped = method === "process.status" && entry.value["state"] === "stopped";
    return isStopped ? { state: "exited", code: entry.value["code"] ?? 0 } : undefined;
  }

  /** The events of a type about a process, after an entry. */
  eventsOf(type: string, ids: Ids, after: number): readonly EventEntry[] {
    const found: EventEntry[] = [];
    for (const entry of this.of(ids, after)) {
      if (entry.kind === "event" && entry.event["type"] === type) found.push(entry);
    }
    return found;
  }

  /** Whether a call has, or may have, done its work. */
  isDone(call: CallEntry): boolean {
    const outcome = this.returnOf(call.call)?.outcome;
    return outcome === "ok" || outcome === undefined || this.hasEffect(call);
  }

  /** The exit code of a process that could not be started; that of a first process is for all of its id. */
  startFailure(ids: Ids, after: number): number | undefined {
    const key = keyOf(ids);
    const isFirst = key === keyOf({ containerId: ids.containerId });
    for (const entry of this.#from(isFirst ? 0 : after)) {
      if (entry.kind === "return" && entry.exitCode !== undefined && keyOf(entry) === key) {
        return entry.exitCode;
      }
    }
    return undefined;
  }

  /** Whether output was cut, because something held it open. */
  get isCut(): boolean {
    return this.entries.some((entry) => this.statusIn(entry)?.["truncated"] === true);
  }

  /** The streams that a handle was seen to have. */
  streamsOf(handle: number): readonly StreamName[] {
    const names = this.entries.flatMap((entry) =>
      entry.kind === "stdio" && entry.on === handle ? [entry.stream] : []
    );
    return [...new Set(names)];
  }

  /** How often a stream that its reader has left brought an event; any number if it goes on. */
  readsOf(call: number): ReadonlyMap<string, number> | undefined {
    const counts = new Map<string, number>();
    let isLeft = false;
    for (const entry of this.entries) {
      if (entry.kind === "events-end" && entry.call === call) isLeft ||= entry.outcome === "left";
      if (entry.kind !== "event" || entry.call !== call) continue;
      const identity = identityOf(entry.event);
      counts.set(identity, (counts.get(identity) ?? 0) + 1);
    }
    return isLeft ? counts : undefined;
  }

  /** Whether a call had done its work, as far as events tell. */
  hasEffect(call: CallEntry): boolean {
    return this.effectOf(call) !== undefined;
  }

  /** The first event that tells that a call had done its work. */
  effectOf(call: CallEntry): EventEntry | undefined {
    const types = effectsOf(call.method);
    const key = keyOf(call);
    for (const entry of this.#from(call.seq)) {
      const isNext = entry.kind === "call" && entry.method === call.method && keyOf(entry) === key;
      if (isNext && !this.#isUnderWay(call, entry.seq)) break;
      if (entry.kind !== "event" || keyOf(entry) !== key) continue;
      if (types.includes(String(entry.event["type"]))) return entry;
    }
    return undefined;
  }

  /** Whether a call, which did end, had not when an entry was taken down. */
  #isUnderWay({ call }: CallEntry, seq: number): boolean {
    return (this.#returns.get(call)?.seq ?? 0) > seq;
  }

  /** The entries after one. */
  *#from(after: number): Generator<Entry> {
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.seq ?? Infinity) <= after) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.entries.length; at++) {
      const entry = this.entries[at];
      if (entry) yield entry;
    }
  }
}

function asObject(value: unknown): RecordedObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as RecordedObject
    : undefined;
}
