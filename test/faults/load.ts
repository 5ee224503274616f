import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { commandProcess, commandSpec, SHIM } from "../containerd/bed.ts";
import { eventually } from "../helpers/eventually.ts";
import { processName } from "./lives.ts";

/** How the first process ends by itself. */
const INIT_CODE = 3;

/** How a further process ends by itself. */
const EXEC_CODE = 4;

/** 128 + SIGKILL: of a process that is ended with its container. */
const KILLED = 137;

/** How long a container may take to be removed once the daemon is there, in tries. */
const TRIES = 20;

/**
 * Containers that come and go all the time, each with a further process, whatever becomes of the
 * daemon meanwhile.
 */
export class Load {
  /** How each process ended of which it is known that it was started; by `container/process`. */
  readonly ends: Map<string, Promise<ExitStatus>> = new Map();
  readonly #client: Client;
  readonly #prefix: string;
  readonly #stop = new AbortController();
  readonly #over: Promise<unknown>;
  #count = 0;

  /**
   * Begins.
   *
   * @param workers How many containers there are at a time.
   */
  constructor(client: Client, workers: number, prefix: string = "load") {
    this.#client = client;
    this.#prefix = prefix;
    this.#over = Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  /** How many containers it has begun. */
  get count(): number {
    return this.#count;
  }

  /** The id of the container that it has begun as the first, the second and so on. */
  idOf(number: number): string {
    return `${this.#prefix}${number}`;
  }

  /** Begins no further containers, and waits until those that there are, are gone. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#over;
  }

  /** What is wrong with how the processes ended, once all have. */
  async wrongEnds(): Promise<readonly string[]> {
    const wrong: string[] = [];
    for (const [name, end] of this.ends) {
      const status = await end;
      if (status.state === "lost") continue;
      const own = name.endsWith("/init") ? INIT_CODE : EXEC_CODE;
      if (![own, KILLED].includes(status.code)) wrong.push(`${name} ended with ${status.code}`);
    }
    return wrong;
  }

  async #work(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const id = this.idOf(++this.#count);
      try {
        await this.#live(id);
      } catch (error) {
        // A daemon that is gone, or that has lost a container: what matters is told otherwise.
        if (!isContainerError(error)) throw error;
      }
      await this.#remove(id);
    }
  }

  async #live(id: string): Promise<void> {
    await this.#client.create(id, commandSpec(`sleep 0.2; exit ${INIT_CODE}`), SHIM);
    const task = await this.#client.start(id);
    this.ends.set(processName(id), task.wait());
    const process = commandProcess(`sleep 0.05; exit ${EXEC_CODE}`);
    try {
      const more = await this.#client.exec(id, "more", process);
      this.ends.set(processName(id, "more"), more.wait());
      await more.wait();
    } finally {
      await task.wait();
    }
  }

  async #remove(id: string): Promise<void> {
    for (let i = 0; i < TRIES; i++) {
      try {
        await this.#client.delete(id, { force: true });
        return;
      } catch (error) {
        if (!isContainerError(error)) throw error;
        if (error.code === "not_found") return;
      }
      await eventually(
        "the daemon answers",
        () => this.#client.version().then(() => true, () => false),
      );
    }
  }
}
