import type { Container, Process, Runtime, Task } from "../../../src/runtime.ts";
import { memory, type MemoryHost } from "../../memory/mod.ts";
import type { CallEntry } from "../recording.ts";
import type { Cast } from "./cast.ts";
import type { Future, Ids } from "./future.ts";
import { Outsider } from "./outsider.ts";
import type { Patience } from "./patience.ts";
import type { Handle } from "./perform.ts";

/** The id of the plugin whose calls are replayed. */
export const PLUGIN = "replay";
/** The id of the one that does what others did. */
const OTHERS = "others";
/** How long output may stay open that was cut when it was recorded, in milliseconds. */
const CUT_MS = 50;

/** What {@linkcode Handles} needs. */
export interface HandlesOptions {
  /** What was recorded. */
  readonly future: Future;
  /** Where it is replayed. */
  readonly host: MemoryHost;
  /** What runs there. */
  readonly cast: Cast;
  /** How long is waited. */
  readonly patience: Patience;
  /** What a call of the replay gave. */
  readonly givenBy: (call: CallEntry) => unknown;
}

/** Finds what the calls of a replay are made on, by the numbers of the recording. */
export class Handles {
  readonly #options: HandlesOptions;
  readonly #drainBudgetMs: number;
  readonly #runtimes = new Map<number, Promise<Runtime>>();
  readonly #found = new Map<number, Promise<Handle | undefined>>();
  #others: Promise<Runtime> | undefined;

  /** @param options What was recorded, and where it is replayed. */
  constructor(options: HandlesOptions) {
    this.#options = options;
    this.#drainBudgetMs = options.future.isCut ? CUT_MS : 2000;
  }

  /** What a call is made on; `undefined` if the replay has no such handle. */
  async of(entry: CallEntry): Promise<Handle | undefined> {
    const { method, on } = entry;
    if (method.startsWith("runtime.")) return await this.#runtime(on);
    return await this.#given(on, entry, method.startsWith("container.") ? "container" : "process");
  }

  /** A process by the number of its handle. */
  async process(on: number, ids: Ids): Promise<Process | undefined> {
    return await this.#given(on, ids, "process") as Process | undefined;
  }

  /** Who does what others did. */
  async outsider(): Promise<Outsider> {
    return this.#outsiderOn(await (this.#others ??= this.#open(OTHERS)));
  }

  /** As {@linkcode Handles.outsider}, who then lets go of all streams: they are free for others. */
  async withOutsider(use: (outsider: Outsider) => Promise<void>): Promise<void> {
    const runtime = await this.#open(OTHERS);
    try {
      await use(this.#outsiderOn(runtime));
    } finally {
      await runtime[Symbol.asyncDispose]();
    }
  }

  /** Closes all connections. Never rejects. */
  async close(): Promise<void> {
    const opened = [...this.#runtimes.values(), ...(this.#others ? [this.#others] : [])];
    await Promise.allSettled(
      opened.map(async (runtime) => await (await runtime)[Symbol.asyncDispose]()),
    );
  }

  #runtime(on: number): Promise<Runtime> {
    const opened = this.#runtimes.get(on) ?? this.#open(PLUGIN);
    this.#runtimes.set(on, opened);
    return opened;
  }

  #open(id: string): Promise<Runtime> {
    const { host } = this.#options;
    return memory({ host, id, drainBudgetMs: this.#drainBudgetMs }).open();
  }

  #outsiderOn(runtime: Runtime): Outsider {
    return new Outsider(runtime, (whom) => this.#options.cast.args(whom));
  }

  /** What a call of the replay gave, or, if that call fell out, what is found. */
  async #given(on: number, ids: Ids, kind: "container" | "process"): Promise<Handle | undefined> {
    const { future, givenBy } = this.#options;
    const giver = future.giverOf(on);
    if (giver) return givenBy(giver) as Handle | undefined;
    const found = this.#found.get(on) ?? this.#find(on, ids, kind);
    this.#found.set(on, found);
    return await found;
  }

  async #find(on: number, ids: Ids, kind: "container" | "process"): Promise<Handle | undefined> {
    const { containerId = "", processId = "init" } = ids;
    const { future, patience } = this.#options;
    const [first = 0] = this.#runtimes.keys();
    const found: { handle?: Container | Process } = {};
    await patience.attempt(async () => {
      const container = await (await this.#runtime(first)).loadContainer(containerId);
      if (kind === "container") return void (found.handle = container);
      const stdio = Object.fromEntries(future.streamsOf(on).map((name) => [name, "piped"]));
      const isInit = processId === "init";
      const task: Task = await container.task(isInit ? { stdio } : {});
      found.handle = isInit ? task : await task.loadProcess(processId, { stdio });
    });
    return found.handle;
  }
}
