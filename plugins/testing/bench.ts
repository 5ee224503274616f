import { it } from "node:test";
import type { Client } from "../../src/client.ts";
import type { ClientOptions, CreateOptions } from "../../src/client-options.ts";
import type { RuntimeContractOptions } from "./contract-options.ts";
import { cleanUpAfter, disposeAfter } from "./dispose-after.ts";
import { EventLog } from "./event-log.ts";
import { PendingCalls } from "./pending-calls.ts";
import type { Program, ProgramOptions } from "./program.ts";
import { removeContainer } from "./remove-container.ts";
import { withinTime } from "./time-limit.ts";

const TEST_BUDGET_MS = 120_000;

/** What comes before and after all tests may take so many times as long as one of them. */
const HOOK_BUDGET_FACTOR = 5;

/** How long the end waits at most for what a broken runtime may never do, in milliseconds. */
const REMOVAL_BUDGET_MS = 30_000;

/** How a test is declared. */
export interface TestOptions {
  /** Why it is skipped; `false` if it is not. */
  readonly skip?: string | false;
}

/** The runtime under test, with a client, for the tests of the suite. */
export class Bench {
  /** What the suite was called with. */
  readonly options: RuntimeContractOptions;
  readonly #pending = new PendingCalls();
  readonly #ids = new Set<string>();
  readonly #budgetMs: number;
  readonly #run = crypto.randomUUID().slice(0, 8);
  #client: Client | undefined;
  #count = 0;
  #isFailed = false;

  constructor(options: RuntimeContractOptions) {
    this.options = options;
    this.#budgetMs = options.testBudgetMs ?? TEST_BUDGET_MS;
  }

  /** The client of most tests. */
  get client(): Client {
    if (this.#client) return this.#client;
    throw new Error("The client is not open");
  }

  /** Declares a test, which fails where it takes too long: a broken runtime may never answer. */
  it(name: string, test: () => void | Promise<void>, { skip = false }: TestOptions = {}): void {
    const budgetMs = this.#budgetMs;
    // The runner's own limit, which names nothing, is only to be out of the way.
    it(name, { skip, timeout: 2 * budgetMs }, async () => {
      this.#pending.clear();
      const message = () => {
        const calls = this.#pending.toString() || "something that is no call of a client";
        return `Not done within ${budgetMs} ms: waits for ${calls}`;
      };
      try {
        await withinTime(Promise.resolve(test()), { budgetMs, message });
      } catch (error) {
        this.#isFailed = true;
        throw error;
      }
    });
  }

  /** Brings everything up. */
  async open(): Promise<void> {
    await this.#hook("before()", async () => await this.options.before?.());
    await this.#hook("open()", async () => void (this.#client = await this.openClient()));
  }

  /** Takes everything down, and removes what failed tests have left. */
  async close(): Promise<void> {
    try {
      const client = this.#client;
      const dispose = () =>
        this.#hook("the disposal of the client", async () => await client?.[Symbol.asyncDispose]());
      await cleanUpAfter(() => this.#removeLeftovers(), dispose);
    } finally {
      await this.#hook("after()", async () => await this.options.after?.());
    }
  }

  /**
   * An id that no other container has, of this suite or of one that runs, or ran, on the same host;
   * it is removed at the end.
   */
  newId(): string {
    const id = `contract-${this.#run}-${++this.#count}`;
    this.#ids.add(id);
    return id;
  }

  /** Makes a container for the length of `use`. */
  async withContainer(
    program: Program,
    use: (id: string) => Promise<void>,
    options: ProgramOptions & CreateOptions<string> = {},
  ): Promise<void> {
    const { terminal, ...create } = options;
    const id = this.newId();
    const spec = this.options.spec(program, terminal === undefined ? {} : { terminal });
    await this.client.create(id, spec, this.options.shim, create);
    await cleanUpAfter(() => use(id), () => this.remove(id));
  }

  /** Makes a container and starts it for the length of `use`. */
  async withRunning(program: Program, use: (id: string) => Promise<void>): Promise<void> {
    await this.withContainer(program, async (id) => {
      await this.client.start(id);
      await use(id);
    });
  }

  /** Subscribes for the length of `use`. */
  async withEvents(use: (events: EventLog) => Promise<void>): Promise<void> {
    await disposeAfter(await this.openEvents(), use);
  }

  /** Subscribes. */
  openEvents(signal?: AbortSignal): Promise<EventLog> {
    return EventLog.open(this.client.events({ signal }), { budgetMs: this.#budgetMs / 2 });
  }

  /** Opens a second client for the length of `use`. */
  async withClient(use: (client: Client) => Promise<void>, options?: ClientOptions): Promise<void> {
    await disposeAfter(await this.openClient(options), use);
  }

  /** Opens a client. */
  async openClient(options?: ClientOptions): Promise<Client> {
    return this.#pending.watch(await this.options.open(options));
  }

  /** Removes a container, if it is there, in whatever state. */
  async remove(id: string): Promise<void> {
    await removeContainer(this.client, id);
    this.#ids.delete(id);
  }

  /** Does what comes before or after all tests, and says which of it is not done in time. */
  async #hook(name: string, act: () => Promise<void>): Promise<void> {
    const budgetMs = HOOK_BUDGET_FACTOR * this.#budgetMs;
    await withinTime(act(), {
      budgetMs,
      message: () => `Not done within ${budgetMs} ms: waits for ${name}`,
    });
  }

  async #removeLeftovers(): Promise<void> {
    if (this.#ids.size === 0) return;
    const budgetMs = Math.min(this.#budgetMs, REMOVAL_BUDGET_MS);
    const message = () => `Not done within ${budgetMs} ms: removal of what the tests have left`;
    const removals = Promise.all([...this.#ids].map((id) => this.remove(id)));
    await withinTime(removals, { budgetMs, message }).catch((error: unknown) => {
      // After a failed test it is one more sign of the same fault.
      if (!this.#isFailed) throw error;
    });
  }
}
