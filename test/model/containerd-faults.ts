import { cgroupPids } from "../containerd/cgroup-files.ts";
import type { FaultProxy } from "../faults/proxy.ts";
import type { Daemon } from "../helpers/daemon.ts";
import { argumentsOf, readOrEmpty, signalIfRunning } from "../helpers/processes.ts";
import { pick } from "../helpers/random.ts";
import type { RuncCommand } from "../helpers/wrapped-runc.ts";
import { Disturbance } from "./disturbance.ts";
import type { Station } from "./station.ts";
import type { WorldFault } from "./world.ts";

/** How long a connection or a daemon is away at most, in milliseconds. */
const AWAY_MS = 500;

/** How long a daemon or a connection stands still at most, in milliseconds. */
const STILL_MS = 300;

/** How long a call of runc may take before it is killed, in milliseconds; most take less. */
const RUNC_MS = 60;

/** After how many bytes a connection breaks at most; some calls have less, streams have more. */
const CUT_BYTES = 3000;

const commands: readonly RuncCommand[] = ["create", "start", "exec", "kill", "delete", "pause"];

/** What {@linkcode ContainerdFaults} needs. */
export interface ContainerdFaultsOptions {
  /** The daemon that goes wrong. */
  readonly station: Station;
  /** What the client under test is connected through. */
  readonly proxy: FaultProxy;
  /** Decides. */
  readonly random: () => number;
}

/** Everything that goes wrong with a real containerd and with the connection to it. */
export class ContainerdFaults {
  /** What can go wrong. */
  readonly all: readonly WorldFault[];
  readonly #daemon: Daemon;
  readonly #station: Station;
  readonly #proxy: FaultProxy;
  readonly #random: () => number;
  readonly #lasting = new Disturbance();
  readonly #ruled: (() => void)[] = [];
  #isUp = true;

  /** @param options What goes wrong, and when. */
  constructor({ station, proxy, random }: ContainerdFaultsOptions) {
    this.#station = station;
    this.#daemon = station.daemon;
    this.#proxy = proxy;
    this.#random = random;
    this.all = [
      { name: "containerd killed", strike: () => this.#killDaemon() },
      { name: "containerd stands still", strike: () => this.#stopDaemon() },
      { name: "shim killed", strike: (id) => this.#killAll(this.#shims(id)) },
      { name: "runc killed", strike: (id) => this.#killRunc(id) },
      { name: "runc killed", strike: (id) => this.#killRunc(id) },
      { name: "runc fails", strike: (id) => this.#failRunc(id) },
      { name: "first process killed", strike: (id) => this.#killInit(id) },
      { name: "a process killed", strike: (id) => this.#killAny(id) },
      { name: "connection cut", strike: () => proxy.cut() },
      { name: "connection cut at any byte", strike: () => this.#cutLater() },
      { name: "connection stands still", strike: () => this.#stall() },
      { name: "connection swallows everything", strike: () => this.#swallow() },
      { name: "connection refused", strike: () => this.#refuse() },
    ];
  }

  /** Not the program by which the daemon clears away after one: that has no second try. */
  #shims(id: string): readonly number[] {
    return this.#daemon.shimPids(id).filter((pid) => argumentsOf(pid).at(-1) !== "delete");
  }

  /** Ends what goes wrong. */
  async heal(): Promise<void> {
    await this.#lasting.settled();
    for (const clear of this.#ruled.splice(0)) clear();
    await this.#proxy.pass();
  }

  async #killDaemon(): Promise<void> {
    if (!this.#isUp) return;
    this.#isUp = false;
    await this.#daemon.kill();
    this.#lasting.later(this.#random() * AWAY_MS, async () => {
      await this.#daemon.start();
      this.#isUp = true;
    });
  }

  #stopDaemon(): void {
    if (!this.#isUp) return;
    const { pid } = this.#daemon;
    signalIfRunning(pid, "SIGSTOP");
    this.#lasting.later(this.#random() * STILL_MS, () => signalIfRunning(pid, "SIGCONT"));
  }

  #killRunc(id: string): void {
    const { runc } = this.#station;
    const command = pick(this.#random, commands);
    runc.kill(command, this.#random() * RUNC_MS, { containerId: id });
    this.#ruled.push(() => runc.clear(command, { containerId: id }));
  }

  #failRunc(id: string): void {
    const { runc } = this.#station;
    const command = pick(this.#random, commands);
    const clear = () => runc.clear(command, { containerId: id });
    runc.fail(command, "as the schedule wants", { containerId: id });
    this.#lasting.later(this.#random() * AWAY_MS, clear);
  }

  #killInit(id: string): void {
    const { home, namespace } = this.#daemon;
    const file = `${home}/state/io.containerd.runtime.v2.task/${namespace}/${id}/init.pid`;
    // Made and removed at any time.
    const pid = Number(readOrEmpty(file));
    this.#killAll(cgroupPids(namespace, id).filter((each) => each === pid));
  }

  #killAny(id: string): void {
    const pids = cgroupPids(this.#daemon.namespace, id);
    if (pids.length > 0) this.#killAll([pick(this.#random, pids)]);
  }

  #killAll(pids: readonly number[]): void {
    for (const pid of pids) signalIfRunning(pid, "SIGKILL");
  }

  #cutLater(): void {
    const direction = pick(this.#random, ["up", "down"] as const);
    void this.#proxy.cutAfter(direction, Math.floor(this.#random() * CUT_BYTES));
  }

  #stall(): void {
    this.#proxy.stall(...pick(this.#random, [["up"], ["down"], []] as const));
    this.#pass(STILL_MS);
  }

  #swallow(): void {
    this.#proxy.blackhole();
    this.#pass(AWAY_MS);
  }

  async #refuse(): Promise<void> {
    this.#proxy[pick(this.#random, ["refuse", "remove"] as const)]();
    this.#pass(AWAY_MS);
    await this.#proxy.cut();
  }

  #pass(withinMs: number): void {
    this.#lasting.later(this.#random() * withinMs, () => this.#proxy.pass());
  }
}
