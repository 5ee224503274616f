import { setTimeout as sleep } from "node:timers/promises";
import { isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { Process } from "../../src/runtime.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { pick, randomOf } from "../helpers/random.ts";
import { lifeName, readLives } from "./lives.ts";
import type { World } from "./world.ts";

/** How many steps a schedule has. */
const STEPS = 24;

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
  readonly #problems: string[] = [];
  #count = 0;

  /** @param seed Tells it from others, and makes it again. */
  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = randomOf(seed);
    this.#ids = ["a", "b", "c"].map((name) => `s${seed}${name}`);
  }

  /** Runs it; rejects with all that is wrong, and with what it did. */
  async run(): Promise<void> {
    const { client, other } = this.#world;
    const events = await RecordedEvents.open(client);
    try {
      for (const id of this.#ids) await this.#begin(id);
      for (let step = 0; step < STEPS; step++) await this.#step();
      await this.#note("heal", this.#world.heal());
      await this.#settled();
      await this.#removeAll();
      await this.#check(events);
    } catch (error) {
      this.#problems.push(String(error));
    } finally {
      await events[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    }
    this.#problems.push(...await this.#world.leftovers());
    if (this.#problems.length === 0) return;
    const told = events.lines.join("\n  ");
    throw new Error(
      `${this.#problems.join("\n")}\nsteps:\n  ${this.#log.join("\n  ")}\nevents:\n  ${told}`,
    );
  }

  /** Most containers run when the faults begin. */
  async #begin(id: string): Promise<void> {
    const { client, shim } = this.#world;
    const chance = this.#random();
    if (chance < 0.2) return;
    await client.create(id, this.#world.spec(this.#random() * 40 * this.#world.pauseMs, 7), shim);
    if (chance < 0.4) return;
    this.#started(await client.start(id));
    if (chance < 0.6) return;
    const exec = {
      name: `exec x1 ${id}`,
      run: async () => this.#started(await client.exec(id, "x1", this.#world.process(60_000, 8))),
    };
    await this.#do(exec, undefined);
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
      const done = this.#do(this.#choose(id), random() < 0.1 ? random() * 20 : undefined);
      if (random() < 0.5) await done;
    }
    if (random() < 0.5) await sleep(random() * this.#world.pauseMs);
  }

  #choose(id: string): Step {
    const random = this.#random;
    const { client, other, shim } = this.#world;
    const more = pick(random, ["x1", "x2"]);
    const process = random() < 0.5 ? INIT_PROCESS : more;
    const lifeMs = random() < 0.3 ? 60_000 : random() * 10 * this.#world.pauseMs;
    const code = Math.floor(random() * 100);
    const named = (name: string, run: Step["run"]): Step => ({ name: `${name} ${id}`, run });
    const steps: readonly Step[] = [
      named("create", (signal) =>
        client.create(id, this.#world.spec(lifeMs, code), shim, {
          signal,
          replace: random() < 0.2,
        })),
      named("start", async (signal) => this.#started(await client.start(id, { signal }))),
      named("start", async (signal) => this.#started(await client.start(id, { signal }))),
      named(`exec ${more}`, async (signal) => {
        const spec = this.#world.process(lifeMs, code);
        this.#started(await client.exec(id, more, spec, { signal }));
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
        await client.run(own, this.#world.spec(this.#world.pauseMs, code), shim, { signal });
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
    const { ends, problems } = readLives(events.all);
    this.#problems.push(...problems);
    for (const [name, status] of statuses) {
      const told = ends.get(name)?.status;
      if (status.state !== "exited" || told?.state !== "exited") continue;
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
