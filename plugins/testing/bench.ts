import type { Client } from "../../src/client.ts";
import type { ClientOptions, CreateOptions } from "../../src/client-options.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import type { Resources } from "../../src/runtime.ts";
import type { Stats } from "../../src/stats.ts";
import { disposeAfter } from "./dispose-after.ts";
import { EventLog } from "./event-log.ts";
import { removeContainer } from "./remove-container.ts";
import type { Program, ProgramOptions } from "./program.ts";

/**
 * What a runtime can do beyond the obligatory. Where it says `false`, the suite holds it to
 * `unimplemented`; a text is why this machine cannot show it, and skips.
 */
export interface RuntimeCapabilities {
  /** Terminals and their sizes. */
  readonly terminal: boolean;
  /** Freezing and thawing. */
  readonly pause: boolean;
  /** Measuring. */
  readonly stats: boolean;
  /** Listing processes. */
  readonly listPids: boolean;
  /** Changing limits: what to change, and how the stats show it. */
  readonly updateResources: false | {
    readonly resources: Resources;
    readonly assertUpdated: (stats: Stats) => void;
  };
  /** Writing checkpoints and starting from them. */
  readonly checkpoint: boolean | string;
  /** Using containers from another process, where they outlive the one that made them. */
  readonly inOtherProcess: false | OtherProcess;
}

/** What a process of its own does with the runtime under test. */
export interface OtherProcess {
  /** Runs a container to its end with inherited streams; gives the output of the process. */
  readonly inherit: (id: string, program: Program) => Promise<{
    readonly stdout: string;
    readonly stderr: string;
  }>;
  /**
   * Starts a container that exists with piped input and output, writes a text, reads as much, and
   * is killed; gives what it read.
   */
  readonly startPiped: (id: string, text: string) => Promise<string>;
}

/** A runtime under the contract. */
export interface RuntimeContractOptions {
  /** Names it in the test report. */
  readonly name: string;
  /**
   * Opens a client. Called more than once: all of them see the same containers, which outlive the
   * client that made them.
   */
  readonly open: (options?: ClientOptions) => Promise<Client>;
  /** Brings up what `open` needs, once before all. */
  readonly before?: () => Promise<void>;
  /** Takes down what `before` brought up, after all clients are closed. */
  readonly after?: () => Promise<void>;
  /** A shim that the runtime serves. */
  readonly shim: string;
  /** The spec of a container that runs a program. */
  readonly spec: (program: Program, options?: ProgramOptions) => Spec;
  /** The spec of a further process that runs a program. */
  readonly process: (program: Program, options?: ProgramOptions) => Process;
  /** What it can do. */
  readonly capabilities: RuntimeCapabilities;
}

/** The runtime under test, with a client, for the tests of the suite. */
export class Bench {
  /** What the suite was called with. */
  readonly options: RuntimeContractOptions;
  #client: Client | undefined;
  #count = 0;

  constructor(options: RuntimeContractOptions) {
    this.options = options;
  }

  /** The client of most tests. */
  get client(): Client {
    if (this.#client) return this.#client;
    throw new Error("The client is not open");
  }

  /** Brings everything up. */
  async open(): Promise<void> {
    await this.options.before?.();
    this.#client = await this.options.open();
  }

  /** Takes everything down. */
  async close(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
    await this.options.after?.();
  }

  /** An id that no other container of the suite has. */
  newId(): string {
    return `contract-${++this.#count}`;
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
    try {
      await use(id);
    } finally {
      await this.remove(id);
    }
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
    await disposeAfter(await EventLog.open(this.client.events()), use);
  }

  /** Opens a second client for the length of `use`. */
  async withClient(use: (client: Client) => Promise<void>, options?: ClientOptions): Promise<void> {
    await disposeAfter(await this.options.open(options), use);
  }

  /** Removes a container, if it is there, in whatever state. */
  async remove(id: string): Promise<void> {
    await removeContainer(this.client, id);
  }
}
