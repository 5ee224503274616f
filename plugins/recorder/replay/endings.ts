import { isContainerError } from "../../../src/errors.ts";
import type { ContainerEvent } from "../../../src/events.ts";
import { parseSignal } from "../../../src/signals.ts";
import type { Fault, MemoryHost } from "../../memory/mod.ts";
import { withoutMissing } from "../arguments.ts";
import type { CallEntry, Entry, EventEntry, RecordedObject } from "../recording.ts";
import type { Cast } from "./cast.ts";
import { type Future, identityOf, type Ids, keyOf } from "./future.ts";
import type { Handles } from "./handles.ts";
import type { Patience } from "./patience.ts";
import type { Puppet } from "./puppet.ts";
import type { Streams } from "./streams.ts";

/** The code of what was killed. */
export const KILLED = 137;

/** Whose end it is, and by which entry. */
export type EndingEntry = Ids & Pick<Entry, "seq">;

/** What {@linkcode Endings} needs. */
export interface EndingsOptions {
  /** What was recorded. */
  readonly future: Future;
  /** Where it is replayed. */
  readonly host: MemoryHost;
  /** What runs there. */
  readonly cast: Cast;
  /** What calls are made on. */
  readonly handles: Handles;
  /** What it writes. */
  readonly streams: Streams;
  /** How long is waited. */
  readonly patience: Patience;
  /** Takes the faults that are made. */
  readonly faults: Set<Fault>;
  /** Whether there is a stream of events that would bring what happens now. */
  readonly isTold: () => boolean;
}

/** Ends processes as they were recorded to, and has it told as it was. */
export class Endings {
  readonly #options: EndingsOptions;
  readonly #late = new Map<string, Fault>();

  /** @param options What was recorded, and what takes part. */
  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  /** Ends a process as an entry tells; what has ended, or is to end, does so once. */
  async end(entry: EndingEntry, status: RecordedObject, puppet: Puppet | undefined): Promise<void> {
    const { containerId = "" } = entry;
    if (!puppet || puppet.isEnding || status["state"] !== "exited") return;
    this.#disturb(entry, entry.seq - 1);
    if (status["oomKilled"] === true && keyOf(entry) === keyOf({ containerId })) {
      await this.#lastWords(entry);
      this.exhaust(containerId, puppet);
      if (puppet.isEnding) return;
    }
    await this.#lastWords(entry);
    puppet.exit(Number(status["code"] ?? 0), { holdOutput: status["truncated"] === true });
  }

  /** Ends a container for want of memory. */
  exhaust(containerId: string, puppet: Puppet | undefined): void {
    if (!puppet || puppet.isEnding) return;
    try {
      this.#options.host.faults.exhaustMemory(containerId);
      puppet.exit(KILLED);
    } catch (error) {
      if (!isContainerError(error)) throw error; // it does not run: it ends by its code
    }
  }

  /** A process that had ended by itself before it was killed, or removed by force, does so here, too. */
  async endFirst(call: CallEntry): Promise<void> {
    if (!kills(call)) return;
    const { cast, future, handles, patience } = this.#options;
    const puppet = cast.of(call.on, call);
    const end = future.endOf(call, call.seq);
    if (!puppet || puppet.isEnding || !end) return;
    const { state, code } = end.status;
    if (state === "exited" && code !== KILLED) {
      await this.end(call, end.status, puppet);
      const process = await handles.process(call.on, call);
      if (process) await patience.within(process.exited);
    } else if (future.returnOf(call.call)?.outcome !== "error") {
      // Its end is that of the host: it is told as if it were told to end.
      this.#disturb(call, call.seq);
      await this.#lastWords(call);
    }
  }

  /** A call tells by its answer that a process had ended, although that became known only later. */
  async endBefore(call: CallEntry): Promise<void> {
    const { cast, future, handles, patience } = this.#options;
    const { code, value } = future.returnOf(call.call) ?? {};
    const wasGone = (call.method === "process.kill" && code === "not_found") ||
      (call.method === "process.status" && value?.["state"] === "stopped");
    const wasIdle = call.method === "task.exec" && code === "failed_precondition";
    if (!wasGone && !wasIdle) return;
    const { containerId } = call;
    const ids = wasGone ? call : { containerId };
    const puppet = cast.of(call.on, ids);
    const end = future.endOf(ids, call.seq);
    const process = await handles.process(call.on, ids);
    if (!puppet || puppet.isEnding || !end || !process) return;
    const found: { state?: string } = {};
    await patience.attempt(async () => void (found.state = (await process.status()).state));
    // In a container that is paused nothing can be added, either.
    if (found.state !== "running") return;
    await this.end({ ...ids, seq: call.seq }, end.status, puppet);
    await patience.within(process.exited);
  }

  /** Whether a signal is to do nothing: what was killed and went on is spared. */
  isHarmless(call: CallEntry): boolean {
    const { cast, future } = this.#options;
    return cast.isScripted && call.method === "process.kill" && kills(call) &&
      future.returnOf(call.call)?.outcome !== "error" &&
      future.endOf(call, call.seq) === undefined;
  }

  /** An event of a start that came after that of the end is held back until then. */
  delayStart(call: CallEntry): void {
    const { future, host, faults } = this.#options;
    const type = call.processId === "init" ? "start" : "exec-started";
    const [start] = future.eventsOf(type, call, call.seq);
    const [exit] = future.eventsOf("exit", call, call.seq);
    if (!start || !exit || exit.seq > start.seq) return;
    const identity = identityOf(start.event);
    const matches = (event: object) => identityOf(withoutMissing({ ...event })) === identity;
    const fault = host.faults.delayEvents({ matches, times: 1 });
    faults.add(fault);
    this.#late.set(identity, fault);
  }

  /** Lets an event go that was held back until now. */
  release(event: RecordedObject): void {
    const identity = identityOf(event);
    this.#late.get(identity)?.lift();
    this.#late.delete(identity);
  }

  /** Has a process write what was still read of it, and, with the first one, all of the container. */
  async #lastWords(end: Ids & { readonly seq: number }): Promise<void> {
    const { cast, patience, streams } = this.#options;
    const { containerId, seq } = end;
    const isFirst = keyOf(end) === keyOf({ containerId });
    for (const [ids, puppet] of cast.all) {
      const isIt = keyOf(ids) === keyOf(end) || (isFirst && ids.containerId === containerId);
      if (!isIt || puppet.isEnding) continue;
      const isAny = await streams.writeRest({ ...ids, seq }, puppet);
      if (isAny) await patience.within(puppet.settled());
    }
  }

  /** An exit that no stream brought is lost, as is one that was found out; another one comes twice. */
  #disturb(ids: Ids, after: number): void {
    const { future, host, faults, isTold } = this.#options;
    if (!isTold()) return;
    const exits: readonly EventEntry[] = future.eventsOf("exit", ids, after);
    const [first] = exits;
    const matches = (event: ContainerEvent) => event.type === "exit" && keyOf(event) === keyOf(ids);
    if (first === undefined || first.event["source"] !== "observed") {
      faults.add(host.faults.dropEvents({ matches, times: 1 }));
    } else if (exits.filter(({ call }) => call === first.call).length > 1) {
      faults.add(host.faults.duplicateEvents({ matches, times: 1 }));
    }
  }
}

function kills({ method, arguments: given }: CallEntry): boolean {
  if (method === "process.delete") return given["force"] === true;
  if (method !== "process.kill") return false;
  const { signal } = given;
  try {
    return parseSignal(typeof signal === "number" ? signal : String(signal)) === 9;
  } catch {
    return false; // it was refused
  }
}
