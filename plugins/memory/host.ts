import { checkNames } from "../../src/check-options.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import { builtinPrograms } from "./builtin-programs.ts";
import { CallFaults } from "./call-faults.ts";
import { Checkpoints } from "./checkpoints.ts";
import { CountedClock, type MemoryClock, systemClock } from "./clock.ts";
import { Daemon } from "./daemon.ts";
import { EventBus } from "./event-bus.ts";
import { EventFaults } from "./event-faults.ts";
import type { Faults } from "./faults.ts";
import { HostFaults } from "./host-faults.ts";
import { Outages } from "./outages.ts";
import type { MemoryFiles } from "./files.ts";
import { Link } from "./link.ts";
import type { MemoryPrograms } from "./program.ts";
import { seededRandom } from "./random.ts";
import type { MemoryResidue } from "./residue.ts";

/** Options of {@linkcode MemoryHost}. */
export interface MemoryHostOptions {
  /**
   * What its containers can run, beside `true`, `false`, `echo`, `cat` and `sleep`, which this may
   * replace. A program is found by its name below `/bin`, `/usr/bin` and their like, too.
   */
  readonly programs?: MemoryPrograms | undefined;
  /** Tells the time to programs and faults. Default: that of this machine. */
  readonly clock?: MemoryClock | undefined;
  /** Seed of the random numbers of faults: a whole number. Default: 1. */
  readonly seed?: number | undefined;
  /**
   * Files for `{ file }` and for the folders of checkpoints. Default: none; then `{ file }` is
   * `unimplemented`, and checkpoints are kept in the host by the names of their folders.
   */
  readonly files?: MemoryFiles | undefined;
}

/** The names of the options of a host. */
export const HOST_OPTIONS: readonly (keyof MemoryHostOptions)[] = [
  "programs",
  "clock",
  "seed",
  "files",
];

/** What a plugin needs of a host. */
export interface HostInside {
  /** Keeps its containers. */
  readonly daemon: Daemon;
  /** Keeps its checkpoints. */
  readonly checkpoints: Checkpoints;
  /** Makes a connection. */
  connect(plugin: string): Link;
  /** Counts the streams that clients hold. */
  readonly streams: Set<object>;
}

const insides = new WeakMap<MemoryHost, HostInside>();

/** What a plugin needs of a host. */
export function insideOf(host: MemoryHost): HostInside {
  const inside = insides.get(host);
  if (inside) return inside;
  throw invalidArgument("host", 'Cannot use option "host": not a MemoryHost');
}

/**
 * A machine that is made of memory: its containers outlive the clients that made them, and several
 * clients see the same ones. Nothing of it keeps the process alive but a client that waits.
 */
export class MemoryHost implements AsyncDisposable {
  /** What goes wrong on it. */
  readonly faults: Faults;
  readonly #clock: CountedClock;
  readonly #bus: EventBus = new EventBus();
  readonly #daemon: Daemon;
  readonly #links = new Set<Link>();
  readonly #streams = new Set<object>();
  readonly #running = new Set<object>();
  readonly #checkpoints: Checkpoints;
  readonly #eventFaults: EventFaults;
  readonly #outages: Outages;
  #lastPid = 1000;
  #isDisposed = false;

  /**
   * Makes a machine without containers.
   *
   * @throws {ContainerError} `invalid_argument` for a bad or unknown option.
   */
  constructor(options: MemoryHostOptions = {}) {
    checkNames(options, ...HOST_OPTIONS);
    const { programs = {}, clock = systemClock, seed = 1, files } = options;
    checkPrograms(programs);
    if (!Number.isSafeInteger(seed)) {
      throw invalidArgument("seed", `Cannot use seed "${shown(seed)}": not a whole number`);
    }
    checkMembers("clock", clock, "now", "after");
    if (files !== undefined) checkMembers("files", files, "read", "append", "write");
    this.#clock = new CountedClock(clock);
    this.#daemon = new Daemon({
      clock: this.#clock,
      bus: this.#bus,
      files,
      programs: { ...builtinPrograms, ...programs },
      running: this.#running,
      nextPid: () => ++this.#lastPid,
    });
    this.#checkpoints = new Checkpoints(files);
    const random = seededRandom(seed);
    const calls = new CallFaults(random);
    this.#eventFaults = new EventFaults(random, this.#clock);
    this.#bus.use(this.#eventFaults.filter);
    this.#outages = new Outages(this.#links, this.#clock);
    this.faults = new HostFaults(this.#daemon, calls, this.#eventFaults, this.#outages);
    insides.set(this, {
      daemon: this.#daemon,
      checkpoints: this.#checkpoints,
      streams: this.#streams,
      connect: (plugin) => this.#connect(plugin, calls),
    });
  }

  /** What is on it now; all zero once every container is removed and every client is closed. */
  residue(): MemoryResidue {
    const { tasks } = this.#daemon;
    return {
      containers: this.#daemon.containers.length,
      tasks: tasks.length,
      processes: tasks.reduce((sum, { processes }) => sum + processes.length, 0),
      programs: this.#running.size,
      streams: this.#streams.size,
      subscriptions: this.#bus.subscriptions,
      connections: this.#links.size,
      calls: [...this.#links].reduce((sum, { underWay }) => sum + underWay, 0),
      timers: this.#clock.waiting,
      faults: this.faults.size,
      heldEvents: this.#eventFaults.held,
    };
  }

  /**
   * Lifts the faults, ends and removes all containers and closes all connections; whoever calls it
   * afterwards gets `unavailable`. Idempotent.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.faults.lift();
    this.#daemon.clear();
    this.#checkpoints.clear();
    await Promise.all([...this.#links].map((link) => link.close()));
    this.#clock.stop();
  }

  #connect(plugin: string, calls: CallFaults): Link {
    const link = new Link(plugin, this.#daemon, calls);
    if (this.#isDisposed) {
      link.lose();
      return link;
    }
    this.#links.add(link);
    link.onClosing(() => void this.#links.delete(link));
    this.#outages.admit(link);
    return link;
  }
}

function checkPrograms(programs: unknown): void {
  if (typeof programs !== "object" || programs === null || Array.isArray(programs)) {
    throw invalidArgument("programs", 'Cannot use "programs": not an object');
  }
  for (const [name, program] of Object.entries(programs)) {
    if (typeof program === "function" || program === "not-executable") continue;
    throw invalidArgument(
      `programs[${JSON.stringify(name)}]`,
      `Cannot use program "${name}": neither a function nor "not-executable"`,
    );
  }
}

function checkMembers(field: string, value: unknown, ...names: readonly string[]): void {
  const members = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const missing = names.find((name) => typeof members[name] !== "function");
  if (missing === undefined) return;
  throw invalidArgument(field, `Cannot use option "${field}": it has no ${missing}()`);
}
