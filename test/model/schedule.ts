import { setTimeout as sleep } from "node:timers/promises";
import { isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { Process as ProcessSpec, Spec } from "../../src/oci/spec.ts";
import type { Process } from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { pick, randomOf } from "../helpers/random.ts";
import { KILLED, lifeName, readLives } from "./lives.ts";
import type { World } from "./world.ts";

/** How many steps a schedule has. */
const STEPS = 24;

/** After how many pauses an operation is aborted at the latest. */
const ABORT_PAUSES = 7;

/** How long removed containers are tried to be removed again, in tries. */
const REMOVE_TRIES = 100;

interface Step {
  readonly name: string;
  readonly run: (signal: AbortSignal) => Promise<unknown>;
}

/** A random mix of operations and faults on a few containers, and what must hold after it. */
export class Schedule {
  readonly #world: World;
  readonly #random: () => number;
  readonly #ids: readonly string[];
  /** Of containers that are run to their end; one whose connection is lost may be left. */
  readonly #runIds: string[] = [];
  readonly #log: string[] = [];
  readonly #under = new Map<string, Promise<unknown>>();
  readonly #waits = new Map<string, Promise<ExitStatus>>();
  /** The codes that the processes of each container may end with. */
  readonly #codes = new Map<string, number[]>();
  readonly #problems: string[] = [];
  #count = 0;

  /** @param seed Tells it from others, and makes it again. */
  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = randomOf(seed);
    this.#ids = ["a", "b", "c"].map((name) => `s${seed}${name}`);
  }

  /**
   * Runs it; rejects with all that is wrong, and with what it did.
   *
   * @returns How many processes were started.
   */
  async run(): Promise<number> {
    const { client, other } = this.#world;
    let events: RecordedEvents | undefined;
    try {
      events = await this.#note("the subscription", this.#subscribe());
      for (const id of this.#ids) await this.#begin(id);
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#note("heal", this.#world.heal());
      await this.#settled();
      await this.#removeAll();
      await this.#check(events);
    } catch (error) {
      this.#problems.push(String(error));
    } finally {
      await events?.[Symbol.asyncDispose]();
      const closed = [client, other].map((each) => each[Symbol.asyncDispose]());
      await this.#note("the end of the clients", Promise.all(closed))
        .catch((error: unknown) => this.#problems.push(String(error)));
    }
    this.#problems.push(...await this.#world.leftovers());
    if (this.#problems.length === 0) return this.#waits.size;
    const told = events?.lines.join("\n  ");
    throw new Error(
      `${this.#problems.join("\n")}\nsteps:\n  ${this.#log.join("\n  ")}\nevents:\n  ${told}`,
    );
  }

  /** Tries again on a machine that is too slow for the time that a connection has. */
  async #subscribe(): Promise<RecordedEvents> {
    while (true) {
      try {
        return await RecordedEvents.open(this.#world.client);
      } catch (error) {
        if (!isContainerError(error, "unavailable")) throw error;
      }
    }
  }

  /** Most containers run when the faults begin. */
  async #begin(id: string): Promise<void> {
    const { client, shim } = this.#world;
    const chance = this.#random();
    if (chance < 0.2) return;
    const lifeMs = this.#random() * 40 * this.#world.pauseMs;
    const begin = (name: string, run: () => Promise<unknown>) =>
      this.#do({ name: `${name} ${id}`, run }, undefined);
    await begin("create", () => client.create(id, this.#spec(id, lifeMs, 7), shim));
    if (chance < 0.4) return;
    await begin("start", async () => {
      this.#started(await client.start(id, { stdio: this.#world.stdio() }));
    });
    if (chance < 0.6) return;
    await begin("exec x1", async () => {
      this.#started(await client.exec(id, "x1", this.#process(id, 60_000, 8)));
    });
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const id = pick(random, this.#ids);
    if (random() < 0.25) {
      const { name, strike } = pick(random, this.#world.faults);
      this.#log.push(`fault: ${name} (${id})`);
      try {
        await strike(id);
      } catch (error) {
        if (!isContainerError(error)) throw error;
      }
    } else {
      const step = this.#choose(id);
      const isAborted = random() < 0.1;
      const done = this.#do(step, isAborted ? this.#abortAfterMs() : undefined);
      if (random() < 0.5) await done;
    }
    if (random() < 0.5) await sleep(random() * this.#world.pauseMs);
  }

  #abortAfterMs(): number {
    return this.#random() * ABORT_PAUSES * this.#world.pauseMs;
  }

  #spec(id: string, lifeMs: number, code: number): Spec {
    this.#codesOf(id).push(code);
    return this.#world.spec(lifeMs, code);
  }

  #process(id: string, lifeMs: number, code: number): ProcessSpec {
    this.#codesOf(id).push(code);
    return this.#world.process(lifeMs, code);
  }

  #codesOf(id: string): number[] {
    const codes = this.#codes.get(id) ?? [KILLED, ...this.#world.ownCodes];
    this.#codes.set(id, codes);
    return codes;
  }

  #choose(id: string): Step {
    const random = this.#random;
    const { client, other, shim } = this.#world;
    const more = pick(random, ["x1", "x2"]);
    const process = random() < 0.5 ? INIT_PROCESS : more;
    const lifeMs = random() < 0.3 ? 60_000 : random() * 10 * this.#world.pauseMs;
    const code = Math.floor(random() * 100);
    const named = (name: string, run: Step["run"]): Step => ({ name: `${name} ${id}`, run });
    const start: Step["run"] = async (signal) => {
      this.#started(await client.start(id, { signal, stdio: this.#world.stdio() }));
    };
    const steps: readonly Step[] = [
      named("create", (signal) =>
        client.create(id, this.#spec(id, lifeMs, code), shim, {
          signal,
          replace: random() < 0.2,
        })),
      named("start", start),
      named("start", start),
      named(`exec ${more}`, async (signal) => {
        const spec = this.#process(id, lifeMs, code);
        const stdio = this.#world.stdio();
        this.#started(await client.exec(id, more, spec, { signal, stdio }));
      }),
      named(`kill ${process}`, (signal) => client.signalProcess(id, process, "KILL", { signal })),
      named("pause", (signal) => client.pause(id, { signal })),
      named("resume", (signal) => client.resume(id, { signal })),
      named("delete task", (signal) => client.deleteTask(id, { signal })),
      named("delete by force", (signal) => client.delete(id, { signal, force: true })),
      named("other deletes by force", (signal) => other.delete(id, { signal, force: true })),
      named("other starts", (signal) => other.start(id, { signal })),
      named("restore", (signal) => client.restore(id, { signal })),
      named(`status of ${process}`, (signal) => client.status(id, process, { signal })),
      named("run", async (signal) => {
        const own = `${id}-${++this.#count}`;
        this.#runIds.push(own);
        const spec = this.#spec(own, this.#world.pauseMs, code);
        await client.run(own, spec, shim, { signal, stdio: this.#world.stdio() });
      }),
    ];
    return pick(random, steps);
  }

  /** Does a step; it may fail in any way that is said, and must not hang. */
  async #do({ name, run }: Step, abortAfterMs: number | undefined): Promise<void> {
    const key = `${++this.#count} ${name}${abortAfterMs === undefined ? "" : ", aborted"}`;
    this.#log.push(key);
    const reason = new Error("enough");
    const abort = new AbortController();
    const timer = abortAfterMs === undefined
      ? undefined
      : setTimeout(() => abort.abort(reason), abortAfterMs);
    const done = (async () => {
      try {
        await run(abort.signal);
        this.#log.push(`  ${key}: done`);
      } catch (error) {
        this.#log.push(`  ${key}: ${error}`);
        if (!isContainerError(error) && error !== reason) {
          this.#problems.push(`${key} rejects with ${error}`);
        }
      } finally {
        clearTimeout(timer);
        this.#under.delete(key);
      }
    })();
    this.#under.set(key, done);
    await done;
  }

  #started(process: Process): void {
    const name = lifeName(process.containerId, process.id, process.pid);
    const wait = process.wait();
    wait.catch((error: unknown) => this.#problems.push(`wait() of ${name} rejects: ${error}`));
    this.#waits.set(name, wait);
  }

  async #removeAll(): Promise<void> {
    await Promise.all([...this.#ids, ...this.#runIds].map((id) => this.#remove(id)));
  }

  async #remove(id: string): Promise<void> {
    const { client } = this.#world;
    for (let attempt = 1;; attempt++) {
      try {
        await this.#note(`remove ${id}`, client.delete(id, { force: true }));
        return;
      } catch (error) {
        if (isContainerError(error, "not_found")) return;
        if (!isContainerError(error) || attempt === REMOVE_TRIES) throw error;
        await sleep(50);
      }
    }
  }

  async #settled(): Promise<void> {
    // Whoever waits for the end of a process that runs on has its answer once it is removed.
    await this.#removeAll();
    await this.#note(
      () => `end of ${[...this.#under.keys()].join(", ")}`,
      (async () => {
        while (this.#under.size > 0) {
          await Promise.race([Promise.all(this.#under.values()), sleep(50)]);
          await this.#removeAll();
        }
      })(),
    );
  }

  async #check(events: RecordedEvents): Promise<void> {
    const statuses = new Map<string, ExitStatus>();
    for (const [name, wait] of this.#waits) {
      statuses.set(name, await this.#note(`wait() of ${name}`, wait));
    }
    const untold = () => {
      const { ends, open } = readLives(events.all);
      return [...open, ...[...statuses.keys()].filter((name) => !ends.has(name))];
    };
    await this.#note(
      () => `the ends of ${untold().join(", ")}`,
      events.holds("all ends", () => untold().length === 0),
    );
    const { ends, unstarted, problems } = readLives(events.all);
    this.#problems.push(...problems);
    for (const name of statuses.keys()) {
      if (unstarted.has(name)) this.#problems.push(`${name} was started, and ended without that`);
    }
    for (const [name, { containerId, status }] of ends) {
      if (status.state === "exited" && !this.#codesOf(containerId).includes(status.code)) {
        this.#problems.push(`${name} ended with ${status.code}, which nobody gave it`);
      }
    }
    for (const [name, status] of statuses) {
      const told = ends.get(name)?.status;
      // Of a shim that was killed perhaps only the event tells the code, or only the one that
      // containerd tells once more when the container is removed: behind one that says lost.
      if (status.state !== "exited") continue;
      if (told?.state !== "exited" && status.code === KILLED) continue;
      if (told?.state !== "exited") {
        this.#problems.push(
          `${name} ended with ${status.code}, and its event says that it is lost`,
        );
        continue;
      }
      if (status.code !== told.code) {
        this.#problems.push(
          `${name} ended with ${status.code}, and with ${told.code} by its event`,
        );
      }
    }
  }

  /** Waits for something, as long as it may take. */
  async #note<T>(what: string | (() => string), done: Promise<T>): Promise<T> {
    const { budgetMs } = this.#world;
    const over = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const name = typeof what === "function" ? what() : what;
      over.reject(new Error(`${name} hangs: ${budgetMs} ms are over`));
    }, budgetMs);
    try {
      return await Promise.race([done, over.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}
