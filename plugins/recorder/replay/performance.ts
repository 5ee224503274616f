import { abortable } from "../../../src/abort.ts";
import { isContainerError } from "../../../src/errors.ts";
import type { ContainerEvent } from "../../../src/events.ts";
import { parseSignal } from "../../../src/signals.ts";
import type { Container, Process, Runtime, Task } from "../../../src/runtime.ts";
import { type Fault, memory, MemoryHost } from "../../memory/mod.ts";
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
import { ReplayClock } from "./clock.ts";
import { ending, eventDifferences, gist, isAlike } from "./compare.ts";
import { disturb, dropEffect, hangWait } from "./disturbance.ts";
import { causeOf, Future, identityOf, type Ids, keyOf } from "./future.ts";
import { Outsider, type Whom } from "./outsider.ts";
import { type Handle, perform } from "./perform.ts";
import { piecesOf, Player } from "./player.ts";
import { type Prelude, preludeOf } from "./prelude.ts";
import { Puppet } from "./puppet.ts";
import type { ReplayDifference, ReplayedCall, ReplayedEvent, ReplayResult } from "./result.ts";
import { plainStatus, Subscription } from "./subscription.ts";

/** The id of the plugin whose calls are replayed, and of the one that does what others did. */
const PLUGIN = "replay";
const OTHERS = "others";
/** What the processes of a replay run; the second argument says which one it is. */
const PROGRAM = "recorded";
const KILLED = 137;
/** How often what is ready gets its turn before a call counts as pending. */
const LAST_TURNS = 10;
/** How long output may stay open that was cut when it was recorded, in milliseconds. */
const CUT_MS = 50;

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
  readonly #budgetMs: number;
  readonly #host: MemoryHost;
  readonly #hasOwnHost: boolean;
  readonly #clock = new ReplayClock();
  readonly #stop = new AbortController();
  readonly #faults = new Set<Fault>();
  readonly #drainBudgetMs: number;
  readonly #runtimes = new Map<number, Promise<Runtime>>();
  #outsider: Promise<Outsider> | undefined;
  readonly #others: Runtime[] = [];
  readonly #running = new Map<number, Running>();
  readonly #found = new Map<number, Promise<Handle | undefined>>();
  readonly #puppets = new Map<string, Puppet>();
  readonly #puppetOf = new Map<number, Puppet>();
  readonly #players = new Map<number, Player>();
  /** Numbers of the entries of output that processes have written before their end. */
  readonly #written = new Set<number>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #told: ReplayedEvent[] = [];
  readonly #counts = new Map<string, number>();
  readonly #late = new Map<string, Fault>();
  readonly #differences: ReplayDifference[] = [];
  #outage: Fault | undefined;

  /** @param recording What is replayed. */
  constructor(recording: Recording, { host, budgetMs }: PerformanceOptions) {
    this.#future = new Future(recording);
    this.#budgetMs = budgetMs;
    this.#hasOwnHost = host === undefined;
    this.#clock.goTo(recording.entries[0]?.timeMs ?? 0);
    const isCut = recording.entries.some((entry) =>
      this.#future.statusIn(entry)?.["truncated"] === true
    );
    this.#drainBudgetMs = isCut ? CUT_MS : 2000;
    this.#host = host ?? new MemoryHost({
      clock: this.#clock,
      programs: {
        [PROGRAM]: (context) => this.#puppets.get(context.args[1] ?? "")?.run(context) ?? 0,
        "not-executable": "not-executable",
      },
    });
  }

  /** Ends it, with an error. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** Goes through the recording. */
  async run(): Promise<ReplayResult> {
    const preludes = Map.groupBy(
      this.#hasOwnHost ? preludeOf(this.#future) : [],
      ({ before }) => before,
    );
    await this.#prelude(preludes.get(0));
    for (const entry of this.#future.entries) {
      this.#stop.signal.throwIfAborted();
      await this.#prelude(preludes.get(entry.seq));
      this.#clock.goTo(entry.timeMs);
      await this.#step(entry);
    }
    for (let turn = 0; turn < LAST_TURNS; turn++) await this.#turn();
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
    return hasEnded && this.#puppetFor(on, call)?.hasRun === false;
  }

  /** Ends what is under way. Never rejects. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const { abort } of this.#running.values()) abort.abort();
    for (const fault of this.#faults) fault.lift();
    const closing: PromiseLike<void>[] = [...this.#subscriptions.values()]
      .map((each) => each.close());
    const runtimes = [...await Promise.allSettled(this.#runtimes.values())]
      .flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
    for (const runtime of [...runtimes, ...this.#others]) {
      closing.push(runtime[Symbol.asyncDispose]());
    }
    if (this.#hasOwnHost) closing.push(this.#host[Symbol.asyncDispose]());
    await Promise.allSettled(closing);
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
    const runtime = await this.#open(OTHERS);
    const outsider = this.#outsiderOn(runtime);
    for (const { what, stdio, ...whom } of needed) {
      await this.#attempt(async () => {
        if (what === "container") return await outsider.makeContainer(whom);
        this.#puppets.set(keyOf(whom), new Puppet());
        await outsider.add(whom, stdio);
        if (what === "running") await outsider.start(whom);
      });
    }
    // Its streams are then free for others.
    await runtime[Symbol.asyncDispose]();
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
    this.#restoreFor(entry);
    const handle = await this.#handleFor(entry);
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
    const isHarmless = this.#isHarmless(entry);
    const args = this.#args(
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
    const { method, call } = entry;
    const { faults } = this.#host;
    const made: Fault[] = [];
    const makes = method === "container.newTask" || method === "task.exec";
    if (makes && this.#future.isDone(entry)) {
      const puppet = new Puppet();
      this.#puppets.set(keyOf(entry), puppet);
      const handle = this.#future.handleOf(call);
      if (handle !== undefined) this.#puppetOf.set(handle, puppet);
      const pid = this.#future.returnOf(call)?.value?.["pid"];
      if (typeof pid === "number" && pid !== 0) puppet.recordedPid = pid;
      const whom = method === "container.newTask" ? { ...entry, processId: "init" } : entry;
      made.push(...hangWait(faults, this.#future, whom, PLUGIN));
    }
    if (method === "process.start") this.#delayStart(entry);
    if (method === "process.kill" || method === "process.delete") await this.#endFirst(entry);
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
    if (status) await this.#end(entry, status, this.#puppetFor(on, entry));
    if (entry.outcome === "aborted") running.abort.abort();
    else if (entry.outcome === "ok") this.#connect();
    const pid = entry.value?.["pid"];
    const puppet = this.#puppetFor(on, entry);
    if (method === "process.start" && puppet && typeof pid === "number") puppet.recordedPid = pid;
    await this.#within(running.ended);
    for (const fault of running.faults) {
      this.#faults.delete(fault);
      fault.lift();
    }
  }

  async #exited(entry: ExitedEntry): Promise<void> {
    const { on, status, seq } = entry;
    await this.#end(entry, status, this.#puppetFor(on, entry));
    // It is known by a connection, also where the stream of events has not got one again.
    this.#connect();
    const process = await this.#given(on, entry) as Process | undefined;
    const found: { status?: RecordedObject } = {};
    if (process) {
      await this.#within(process.exited.then((end) => void (found.status = plainStatus(end))));
    }
    const [recorded, replayed] = [gist(status).trim(), gist(found.status).trim() || "nothing"];
    const isIdle = this.#puppetFor(on, entry)?.hasRun === false && replayed !== "nothing";
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
    if (type === "disconnected") this.#disconnect(entry);
    else if (type === "connected") this.#connect();
    else if (entry.containerId !== undefined) await this.#cause(entry, count);
    const late = this.#late.get(identity);
    if (late) {
      this.#late.delete(identity);
      late.lift();
    }
    const subscription = this.#subscriptions.get(call);
    // Nothing brings a gap about but a reader that is slow.
    if (subscription && type !== "gap") await this.#within(subscription.brought(identity, count));
  }

  /** Brings about what an event tells, unless a call, or an earlier entry, has done so. */
  async #cause(entry: EventEntry, count: number): Promise<void> {
    const { containerId = "", processId = "init", event } = entry;
    const whom = { containerId, processId };
    const { type } = event;
    const puppet = this.#puppets.get(keyOf(whom));
    if (type === "exit") {
      const status = this.#future.statusIn(entry);
      const isOther = puppet?.recordedPid !== undefined && event["pid"] !== 0 &&
        puppet.recordedPid !== event["pid"];
      if (status && !isOther) await this.#end(entry, status, puppet);
      return;
    }
    if (!this.#hasOwnHost) return;
    if (type === "oom") {
      await this.#attempt(() => this.#exhaust(containerId, puppet));
      return;
    }
    const method = causeOf(type);
    if (method === undefined || this.#callsOf(method, entry) >= count) return;
    const outsider = await this.#outside();
    await this.#attempt(async () => {
      switch (type) {
        case "create":
        case "exec-added":
          this.#puppets.set(keyOf(whom), new Puppet());
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
    const player = await this.#playerOf(entry);
    if (player === undefined) return;
    const puppet = this.#puppetFor(on, entry);
    if (stream !== "stdin" && (edge === "end" || edge === "close")) {
      const end = this.#future.endOf(entry, seq - 1);
      if (end) await this.#end(entry, end.status, puppet);
    }
    const found: { difference?: string | undefined } = { difference: "nothing" };
    const playing = player.play(entry, this.#written.has(seq) ? undefined : puppet);
    await this.#within(playing.then((difference) => void (found.difference = difference)));
    if (found.difference === undefined) return;
    const recorded = bytes === undefined
      ? `${edge} after ${offset} bytes`
      : `${edge} ${bytes} bytes`;
    this.#differ("stream", seq, `${stream} of ${subjectOf(entry)}`, recorded, found.difference);
  }

  /** Ends a process as it was recorded, with what was recorded of its event. */
  async #end(
    entry: Entry,
    status: RecordedObject,
    puppet: Puppet | undefined,
  ): Promise<void> {
    const { containerId = "", processId = "init", seq } = entry;
    if (!puppet || puppet.isEnding || status["state"] !== "exited") return;
    const exits = this.#future.eventsOf("exit", { containerId, processId }, seq - 1);
    const isTold = this.#outage === undefined && this.#subscriptions.size > 0;
    if (isTold) this.#disturbExit({ containerId, processId }, exits);
    if (status["oomKilled"] === true && processId === "init") {
      this.#exhaust(containerId, puppet);
      if (puppet.isEnding) return;
    }
    await this.#writeRest(entry, puppet);
    puppet.exit(Number(status["code"] ?? 0), { holdOutput: status["truncated"] === true });
  }

  /** What was read of a process after its end was known, it had written before. */
  async #writeRest(end: Entry, puppet: Puppet): Promise<void> {
    for (const entry of this.#future.of(end, end.seq - 1)) {
      const { seq } = entry;
      if (entry.kind !== "stdio" || entry.stream === "stdin" || this.#written.has(seq)) continue;
      if (entry.edge !== "data" && entry.edge !== "write") continue;
      this.#written.add(seq);
      puppet.write(entry.stream, piecesOf(entry));
      (await this.#playerOf(entry))?.readAhead(entry.stream);
    }
  }

  async #playerOf(entry: StdioEntry): Promise<Player | undefined> {
    const { on } = entry;
    const process = await this.#given(on, entry) as Process | undefined;
    if (process === undefined) return undefined;
    const player = this.#players.get(on) ?? new Player(process.stdio);
    this.#players.set(on, player);
    return player;
  }

  #disturbExit(whom: Whom, exits: readonly EventEntry[]): void {
    const [first] = exits;
    const matches = (event: ContainerEvent) =>
      event.type === "exit" && keyOf(event) === keyOf(whom);
    const { faults } = this.#host;
    const isTwice = exits.filter(({ call }) => call === first?.call).length > 1;
    if (first === undefined || first.event["source"] !== "observed") {
      this.#faults.add(faults.dropEvents({ matches, times: 1 }));
    } else if (isTwice) this.#faults.add(faults.duplicateEvents({ matches, times: 1 }));
  }

  #exhaust(containerId: string, puppet: Puppet | undefined): void {
    if (!puppet || puppet.isEnding) return;
    try {
      this.#host.faults.exhaustMemory(containerId);
      puppet.exit(KILLED);
    } catch (error) {
      if (!isContainerError(error)) throw error; // it does not run: it ends by its code
    }
  }

  /** An event of a start that came after that of the end is held back until then. */
  #delayStart(entry: CallEntry): void {
    const type = entry.processId === "init" ? "start" : "exec-started";
    const [start] = this.#future.eventsOf(type, entry, entry.seq);
    const [exit] = this.#future.eventsOf("exit", entry, entry.seq);
    if (!start || !exit || exit.seq > start.seq) return;
    const identity = identityOf(start.event);
    const matches = (event: object) => identityOf(withoutMissing({ ...event })) === identity;
    const fault = this.#host.faults.delayEvents({ matches, times: 1 });
    this.#faults.add(fault);
    this.#late.set(identity, fault);
  }

  /** A process that had ended by itself before it was killed, or removed by force, does so here, too. */
  async #endFirst(entry: CallEntry): Promise<void> {
    if (!this.#kills(entry)) return;
    const puppet = this.#puppetFor(entry.on, entry);
    const end = this.#future.endOf(entry, entry.seq);
    if (!puppet || puppet.isEnding || !end) return;
    const { state, code } = end.status;
    if (state !== "exited" || code === KILLED) return this.#noteKill(entry, puppet);
    await this.#end(entry, end.status, puppet);
    const process = await this.#given(entry.on, entry) as Process | undefined;
    if (process) await this.#within(process.exited);
  }

  /** Its end is that of the host: its event is disturbed as if it were told to end. */
  #noteKill(entry: CallEntry, puppet: Puppet): void {
    const { containerId = "", processId = "init", seq } = entry;
    if (this.#future.returnOf(entry.call)?.outcome === "error") return;
    const exits = this.#future.eventsOf("exit", { containerId, processId }, seq);
    const isTold = this.#outage === undefined && this.#subscriptions.size > 0;
    if (isTold && !puppet.isEnding) this.#disturbExit({ containerId, processId }, exits);
  }

  #kills({ method, arguments: given }: CallEntry): boolean {
    if (method === "process.delete") return given["force"] === true;
    if (method !== "process.kill") return false;
    const { signal } = given;
    try {
      return parseSignal(typeof signal === "number" ? signal : String(signal)) === 9;
    } catch {
      return false;
    }
  }

  /** What was killed and went on is spared. */
  #isHarmless(entry: CallEntry): boolean {
    return entry.method === "process.kill" && this.#kills(entry) && this.#hasOwnHost &&
      this.#future.returnOf(entry.call)?.outcome !== "error" &&
      this.#future.endOf(entry, entry.seq) === undefined;
  }

  #disconnect({ seq }: EventEntry): void {
    const { faults } = this.#host;
    const lost = [...this.#puppets].filter(([key, puppet]) => {
      const [containerId, processId] = key.split("/");
      const end = puppet.isEnding ? undefined : this.#future.endOf({ containerId, processId }, seq);
      return end?.status["state"] === "lost";
    });
    const outage = lost.length > 0
      ? faults.loseDaemon({ ended: "gone" })
      : faults.loseConnection({ plugin: PLUGIN });
    for (const [, puppet] of lost) puppet.exit(KILLED);
    this.#faults.add(outage);
    this.#outage = outage;
  }

  #connect(): void {
    this.#outage?.lift();
    this.#outage = undefined;
  }

  /** What succeeded before the stream knew of the connection had one. */
  #restoreFor({ method, call }: CallEntry): void {
    if (this.#outage === undefined || method === "process.wait") return;
    if (this.#future.returnOf(call)?.outcome === "ok") this.#connect();
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

  /** What a process runs. */
  #args(whom: Whom, entry?: CallEntry): readonly string[] {
    if (!this.#hasOwnHost) {
      const { args } = (entry?.arguments["process"] ?? {}) as { readonly args?: unknown };
      return Array.isArray(args) ? args.map(String) : [];
    }
    const failed = this.#future.entries.find((each) =>
      each.kind === "return" && each.exitCode !== undefined && keyOf(each) === keyOf(whom) &&
      (whom.processId === "init" || each.seq > (entry?.seq ?? 0))
    );
    const code = failed?.kind === "return" ? failed.exitCode : undefined;
    if (code === undefined) return [PROGRAM, keyOf(whom)];
    return [code === 126 ? "not-executable" : "missing"];
  }

  #puppetFor(on: number, ids: Ids): Puppet | undefined {
    return this.#hasOwnHost ? this.#puppetOf.get(on) ?? this.#puppets.get(keyOf(ids)) : undefined;
  }

  /** What a call is made on. */
  async #handleFor(entry: CallEntry): Promise<Handle | undefined> {
    const { method, on } = entry;
    if (!method.startsWith("runtime.")) return await this.#given(on, entry);
    return await this.#runtime(on);
  }

  #runtime(on: number): Promise<Runtime> {
    const opened = this.#runtimes.get(on) ?? this.#open(PLUGIN);
    this.#runtimes.set(on, opened);
    return opened;
  }

  #open(id: string): Promise<Runtime> {
    return memory({ host: this.#host, id, drainBudgetMs: this.#drainBudgetMs }).open();
  }

  /** A handle by its number: what a call of the replay gave, or, if that fell out, what is found. */
  async #given(on: number, ids: Ids & { readonly method?: string }): Promise<Handle | undefined> {
    const giver = this.#future.giverOf(on);
    if (giver) return this.#running.get(giver.call)?.handle as Handle | undefined;
    const isContainer = ids.method?.startsWith("container.") ?? false;
    const found = this.#found.get(on) ?? this.#find(on, ids, isContainer);
    this.#found.set(on, found);
    return await found;
  }

  async #find(on: number, ids: Ids, isContainer: boolean): Promise<Handle | undefined> {
    const { containerId = "", processId = "init" } = ids;
    const [first] = this.#runtimes.keys();
    const found: { handle?: Container | Process } = {};
    await this.#attempt(async () => {
      const runtime = await this.#runtime(first ?? 0);
      const container = await runtime.loadContainer(containerId);
      if (isContainer) return void (found.handle = container);
      const names = this.#future.entries.flatMap((entry) =>
        entry.kind === "stdio" && entry.on === on ? [entry.stream] : []
      );
      const stdio = Object.fromEntries([...new Set(names)].map((name) => [name, "piped"]));
      const isInit = processId === "init";
      const task: Task = await container.task(isInit ? { stdio } : {});
      found.handle = isInit ? task : await task.loadProcess(processId, { stdio });
    });
    return found.handle;
  }

  #outside(): Promise<Outsider> {
    return this.#outsider ??= this.#open(OTHERS).then((runtime) => {
      this.#others.push(runtime);
      return this.#outsiderOn(runtime);
    });
  }

  #outsiderOn(runtime: Runtime): Outsider {
    return new Outsider(runtime, (whom) => this.#args(whom));
  }

  /** Does what may be done already, or be in the way of what was recorded: then there is a difference. */
  async #attempt(act: () => void | Promise<void>): Promise<void> {
    try {
      await this.#within(Promise.resolve(act()));
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      if (!isContainerError(error)) throw error;
    }
  }

  /** Waits, but not for longer than the budget. */
  async #within(promise: Promise<unknown>): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#budgetMs);
    try {
      await abortable(Promise.race([promise, over]), this.#stop.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #turn(): Promise<void> {
    await abortable(
      new Promise<void>((resolve) => void setTimeout(resolve, 0)),
      this.#stop.signal,
    );
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
