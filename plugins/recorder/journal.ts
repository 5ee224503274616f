import { isContainerError, shown } from "../../src/errors.ts";
import type {
  CallEntry,
  Entry,
  EntryBase,
  Outcome,
  RecordedObject,
  ReturnEntry,
} from "./recording.ts";
import { toBase64 } from "./base64.ts";
import { OpenEntries } from "./open-entries.ts";
import { Ring } from "./ring.ts";

/** How much of a message is taken down, in characters. */
const MOST_CHARACTERS = 4096;

/** An entry, before it is numbered and has its time. */
export type NewEntry = Entry extends infer Each
  ? Each extends Entry ? Omit<Each, "seq" | "atMs" | "timeMs"> : never
  : never;

/** What ends a call that was taken down. */
export interface OpenCall {
  /** Its number. */
  readonly number: number;
  /** Takes down what it gave. */
  ok(result?: { readonly value?: RecordedObject | undefined; readonly handle?: number }): void;
  /** Takes down how it failed. */
  failed(error: unknown, signal: AbortSignal | undefined): void;
}

/** A subscription that was taken down: what tells of it is kept for as long as it lasts. */
export interface OpenStream extends OpenCall {
  /** Lets go of it: it is over. */
  over(): void;
}

/** What {@linkcode Journal.call} takes. */
export type NewCall = Omit<CallEntry, keyof EntryBase | "kind" | "call"> & {
  readonly containerId?: string | undefined;
  readonly processId?: string | undefined;
};

/** What is known of a remote procedure call at its end. */
export interface RpcEnd {
  /** How it ended. */
  readonly outcome: Outcome;
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages that came. */
  readonly received: number;
  /** The code of the error. */
  readonly code?: string | undefined;
  /** The message of the error. */
  readonly message?: string | undefined;
}

/** An entry, and about how much memory it takes, in bytes. */
interface Added {
  readonly entry: Entry;
  readonly bytes: number;
}

/** What has begun, and is kept until it is forgotten. */
interface Begun {
  /** Tells, once, how long it took, in milliseconds. */
  readonly ended: () => number | undefined;
  readonly forget: () => void;
}

type Ending = Partial<
  Pick<ReturnEntry, "value" | "handle" | "code" | "exitCode" | "message">
>;

/** Takes down entries, and knows which calls have not ended. */
export class Journal {
  /** Whether contents are taken down that may be secret. */
  readonly contents: boolean;
  readonly #ring: Ring;
  readonly #open: OpenEntries;
  readonly #startMs = performance.now();
  #seq = 0;
  #calls = 0;
  #rpcs = 0;
  #handles = 0;

  /** @param limits How much is kept. */
  constructor(limits: {
    readonly limit: number;
    readonly limitBytes: number;
    readonly contents: boolean;
  }) {
    this.#ring = new Ring(limits.limit, limits.limitBytes);
    this.#open = new OpenEntries(limits.limit, limits.limitBytes);
    this.contents = limits.contents;
  }

  /** How many entries fell out. */
  get dropped(): number {
    return this.#ring.dropped;
  }

  /** About how much memory the entries take, in bytes. */
  get bytes(): number {
    return this.#ring.bytes;
  }

  /** The time, in milliseconds since it was made. */
  get nowMs(): number {
    return rounded(performance.now() - this.#startMs);
  }

  /** The entries, oldest first; what has not ended is there even if its entry fell out. */
  get entries(): readonly Entry[] {
    const kept = this.#ring.entries;
    const firstSeq = kept[0]?.seq ?? Infinity;
    return [...this.#open.entries.filter(({ seq }) => seq < firstSeq), ...kept];
  }

  /** A number for a handle. */
  nextHandle(): number {
    return ++this.#handles;
  }

  /**
   * Takes an entry down.
   *
   * @param contents Bytes that belong to it. Most are never asked for: they are written as base64
   * only then, which costs far more than a copy.
   */
  add(entry: NewEntry, contents?: Uint8Array): void {
    this.#add(entry, contents);
  }

  #add(entry: NewEntry, contents?: Uint8Array): Added {
    const { nowMs } = this;
    const base = { seq: ++this.#seq, atMs: nowMs, timeMs: Date.now() };
    // The parts are those of one member of the union; the compiler does not put them together.
    const whole = { ...base, ...entry } as Entry;
    const bytes = this.#ring.add(whole, contents?.byteLength ?? 0);
    if (contents !== undefined) {
      const copy = new Uint8Array(contents);
      const get = () => toBase64(copy);
      Object.defineProperty(whole, "contents", { enumerable: true, configurable: true, get });
    }
    return { entry: whole, bytes };
  }

  /** Takes an entry down that begins something. */
  #begin(begun: NewEntry): Begun {
    const { entry, bytes } = this.#add(begun);
    const forget = this.#open.add(entry, bytes);
    let hasEnded = false;
    const ended = () => {
      if (hasEnded) return undefined;
      hasEnded = true;
      return rounded(this.nowMs - entry.atMs);
    };
    return { ended, forget };
  }

  /** Takes down that a call begins; gives what takes down its end. */
  call(begun: NewCall): OpenCall {
    return this.#call(begun, { isKept: false });
  }

  /** As {@linkcode Journal.call}, of a subscription, which goes on after its call. */
  stream(begun: NewCall): OpenStream {
    return this.#call(begun, { isKept: true });
  }

  #call(begun: NewCall, { isKept }: { readonly isKept: boolean }): OpenStream {
    const call = ++this.#calls;
    const { containerId, processId } = begun;
    const { ended, forget } = this.#begin({ kind: "call", call, ...begun });
    const kept = [forget];
    let isOver = !isKept;
    const over = () => {
      isOver = true;
      for (const each of kept) each();
    };
    const end = (outcome: Outcome, more: Ending) => {
      const durationMs = ended();
      if (durationMs === undefined) return;
      const ids = idsOf({ containerId, processId });
      const added = this.#add({ kind: "return", call, ...ids, outcome, durationMs, ...more });
      if (isOver) forget();
      else kept.push(this.#open.add(added.entry, added.bytes));
    };
    return {
      number: call,
      over,
      ok: (result = {}) => end("ok", result),
      failed: (error, signal) => {
        const aborted = signal?.aborted === true && error === signal.reason;
        const { code, exitCode } = isContainerError(error) ? error : {};
        end(aborted ? "aborted" : "error", {
          ...(code !== undefined && { code }),
          ...(exitCode !== undefined && { exitCode }),
          message: messageOf(error),
        });
      },
    };
  }

  /** Takes down that a remote procedure call begins; gives what takes down its end, once. */
  rpc(begun: {
    readonly method: string;
    readonly streams: boolean;
    readonly containerId?: string | undefined;
    readonly processId?: string | undefined;
  }): (end: RpcEnd) => void {
    const rpc = ++this.#rpcs;
    const { containerId, processId } = begun;
    const { ended, forget } = this.#begin({ kind: "rpc", rpc, ...begun });
    return (end) => {
      const durationMs = ended();
      if (durationMs === undefined) return;
      forget();
      this.add({
        kind: "rpc-return",
        rpc,
        ...idsOf({ containerId, processId }),
        durationMs,
        ...end,
      });
    };
  }
}

/** Ids without those that are not there. */
function idsOf(
  { containerId, processId }: Pick<EntryBase, "containerId" | "processId">,
): Pick<EntryBase, "containerId" | "processId"> {
  return {
    ...(containerId !== undefined && { containerId }),
    ...(processId !== undefined && { processId }),
  };
}

/** What an error says. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : shown(error);
  return message.length > MOST_CHARACTERS ? `${message.slice(0, MOST_CHARACTERS)}…` : message;
}

/** Microseconds are exact enough. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
