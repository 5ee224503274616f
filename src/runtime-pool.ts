import { abortable } from "./abort.ts";
import { checkMethod } from "./client-arguments.ts";
import { ContainerError } from "./errors.ts";
import type { RuntimeRecorder } from "./recorder.ts";
import type { PluginSource, Registry } from "./registry.ts";
import type { Runtime } from "./runtime.ts";
import { SingleFlight } from "./single-flight.ts";

async function open(
  source: PluginSource,
  opened: (runtime: Runtime) => Promise<void>,
  recorder: RuntimeRecorder | undefined,
  signal: AbortSignal,
): Promise<Runtime> {
  const plugin = typeof source === "function" ? (await source())?.default : source;
  checkMethod("plugin", plugin?.open);
  let runtime = await plugin.open({ signal });
  try {
    runtime = recorder?.record(runtime) ?? runtime;
    signal.throwIfAborted();
    await abortable(opened(runtime), signal);
    // What nobody waits for any more is given to nobody, and would stay open.
    signal.throwIfAborted();
  } catch (error) {
    await runtime[Symbol.asyncDispose]();
    throw error;
  }
  return runtime;
}

/** The runtimes that one client has opened, each once. */
export class RuntimePool implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #opened: (runtime: Runtime) => Promise<void>;
  readonly #recorder: RuntimeRecorder | undefined;
  readonly #flights = new Map<PluginSource, SingleFlight<Runtime>>();
  #closed = false;

  /**
   * @param opened Called for each runtime before anybody gets it.
   * @param recorder Gives what is used in place of each, before that.
   */
  constructor(
    registry: Registry,
    opened: (runtime: Runtime) => Promise<void>,
    recorder?: RuntimeRecorder,
  ) {
    this.#registry = registry;
    this.#opened = opened;
    this.#recorder = recorder;
  }

  /** The runtimes that are open now. */
  get current(): readonly Runtime[] {
    return [...this.#flights.values()].flatMap((flight) => flight.current ?? []);
  }

  /** The runtime that serves a shim. */
  forShim(shim: string, signal: AbortSignal | undefined): Promise<Runtime> {
    return this.#get(this.#registry.resolve(shim), signal);
  }

  /** The runtime that is used where no shim is named: the fallback, else the only entry. */
  default(signal: AbortSignal | undefined): Promise<Runtime> {
    const [source, ...more] = this.#registry.sources();
    if (source && (this.#registry.fallback || more.length === 0)) return this.#get(source, signal);
    throw new ContainerError(
      "unimplemented",
      "Cannot choose a runtime: name a shim, or a fallback",
    );
  }

  /** The open runtimes, and the default one, which is opened if there is one. */
  async searchable(signal: AbortSignal | undefined): Promise<readonly Runtime[]> {
    const [first, ...more] = this.#registry.sources();
    if (first && (this.#registry.fallback || more.length === 0)) await this.#get(first, signal);
    return this.current;
  }

  #get(source: PluginSource, signal: AbortSignal | undefined): Promise<Runtime> {
    if (this.#closed) throw new ContainerError("unavailable", "Cannot use client: closed");
    let flight = this.#flights.get(source);
    if (!flight) {
      flight = new SingleFlight((abort) => open(source, this.#opened, this.#recorder, abort));
      this.#flights.set(source, flight);
    }
    return flight.get(signal);
  }

  /** Closes what is open or being opened. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const taken = [...this.#flights.values()].map((flight) => flight.take());
    this.#flights.clear();
    await Promise.all(taken.map(async (opening) => {
      const runtime = await opening?.catch(() => undefined);
      await runtime?.[Symbol.asyncDispose]();
    }));
  }
}
