import { abortable } from "../../src/abort.ts";
import { ContainerError, type ErrorCode } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type { CallFaults } from "./call-faults.ts";
import type { Daemon } from "./daemon.ts";
import { errorOf, Refusal, type Subject } from "./refusal.ts";

/** What {@linkcode Link.call} takes. */
export interface LinkCallOptions extends CallOptions {
  /** Undoes what was done and nobody heard of, because the caller has aborted. */
  readonly undo?: (() => void) | undefined;
}

/** Waits for what `listen` tells of, and gives what takes the listening back. */
type Listen = (go: () => void) => () => void;

/** Undoes nothing. */
const nothing = (): void => {};

/** The connection of one client to its host. Faults of calls strike here. */
export class Link {
  /** The id of the plugin, in messages. */
  readonly plugin: string;
  readonly #daemon: Daemon;
  readonly #faults: CallFaults;
  readonly #breakers = new Set<(error: Refusal) => void>();
  readonly #closing = new Set<() => void | Promise<void>>();
  readonly #restored = new Set<() => void>();
  #downs = 0;
  #isClosed = false;
  #onRefused: () => void = nothing;

  /** @param daemon What it leads to. */
  constructor(plugin: string, daemon: Daemon, faults: CallFaults) {
    this.plugin = plugin;
    this.#daemon = daemon;
    this.#faults = faults;
  }

  /** How many calls are under way. */
  get underWay(): number {
    return this.#breakers.size;
  }

  /** Whether it was closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether it is broken now. */
  get isLost(): boolean {
    return this.#downs > 0;
  }

  /** Breaks it, until it is restored as often. */
  lose(onRefused: () => void = nothing): void {
    this.#downs++;
    this.#onRefused = onRefused;
    this.#break(new Refusal("unavailable", "connection lost"));
  }

  /** Restores it. */
  restore(): void {
    this.#downs--;
    if (this.#downs > 0) return;
    this.#onRefused = nothing;
    for (const go of [...this.#restored]) go();
    this.#restored.clear();
  }

  /** Calls when it is restored, at once if it is not broken; gives what takes the call back. */
  onRestored(go: () => void): () => void {
    if (this.#downs === 0) go();
    else this.#restored.add(go);
    return () => void this.#restored.delete(go);
  }

  /** Calls before it is closed; gives what takes the call back. */
  onClosing(close: () => void | Promise<void>): () => void {
    this.#closing.add(close);
    return () => void this.#closing.delete(close);
  }

  /** Closes it: what is under way is refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closing = [...this.#closing].map((close) => close());
    this.#closing.clear();
    this.#break(new Refusal("unavailable", "closed"));
    this.#restored.clear();
    await Promise.all(closing);
  }

  /**
   * Has the daemon do something.
   *
   * @throws {ContainerError} What the daemon says, or `unavailable`.
   */
  async call<T>(
    subject: Subject,
    act: (daemon: Daemon) => T | Promise<T>,
    options: LinkCallOptions = {},
  ): Promise<T> {
    const { signal, undo = nothing } = options;
    signal?.throwIfAborted();
    try {
      this.#mustBeUp();
      const effect = this.#faults.strike(this.plugin, subject);
      if (effect === undefined) return await this.#act(act, signal);
      const { kind, work, code, onLifted } = effect;
      const done = work === "done" ? { value: await this.#act(act, signal) } : undefined;
      if (kind === "fail") throw injected(code);
      if (kind === "break") {
        this.lose();
        onLifted(() => this.restore());
        throw new Refusal("unavailable", "connection lost");
      }
      try {
        await this.#until(onLifted, signal);
      } catch (error) {
        if (done && signal?.aborted) attempt(undo);
        throw error;
      }
      return done ? done.value : await this.#act(act, signal);
    } catch (error) {
      throw error instanceof Refusal ? errorOf(subject, this.plugin, error) : error;
    }
  }

  /** Waits for what happens on the host; `unavailable` if the connection breaks before. */
  async wait(subject: Subject, listen: Listen, { signal }: CallOptions = {}): Promise<void> {
    try {
      this.#mustBeUp();
      await this.#until(listen, signal);
    } catch (error) {
      throw error instanceof Refusal ? errorOf(subject, this.plugin, error) : error;
    }
  }

  /** An error of this connection. */
  error(subject: Subject, code: ErrorCode, state: string): ContainerError {
    return errorOf(subject, this.plugin, new Refusal(code, state));
  }

  /** Most of what the daemon does is done at once, and then takes no turn. */
  #act<T>(
    act: (daemon: Daemon) => T | Promise<T>,
    signal: AbortSignal | undefined,
  ): T | Promise<T> {
    const value = act(this.#daemon);
    return value instanceof Promise ? abortable(value, signal) : value;
  }

  #mustBeUp(): void {
    if (this.#isClosed) throw new Refusal("unavailable", "closed");
    if (this.#downs === 0) return;
    this.#onRefused();
    throw new Refusal("unavailable", "connection lost");
  }

  #until(listen: Listen, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      let stop = nothing;
      const settle = () => {
        stop();
        this.#breakers.delete(broken);
        signal?.removeEventListener("abort", abort);
      };
      const broken = (error: Refusal) => {
        settle();
        reject(error);
      };
      const abort = () => {
        settle();
        reject(signal?.reason);
      };
      this.#breakers.add(broken);
      signal?.addEventListener("abort", abort, { once: true });
      stop = listen(() => {
        settle();
        resolve();
      });
      if (signal?.aborted) abort();
    });
  }

  #break(error: Refusal): void {
    for (const broken of [...this.#breakers]) broken(error);
  }
}

function injected(code: ErrorCode): Refusal {
  return new Refusal(code, "injected fault");
}

/** What cannot be undone any more was undone, or used, by somebody else. */
function attempt(undo: () => void): void {
  try {
    undo();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}
