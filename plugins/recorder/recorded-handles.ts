import type {
  CallOptions,
  Container,
  ExitStatus,
  ListOptions,
  PidInfo,
  Process,
  ProcessStatus,
  Runtime,
  Stats,
  StdioCallOptions,
  Task,
  Version,
} from "../../src/runtime.ts";
import { shown } from "../../src/errors.ts";
import type { Stdio } from "../../src/stdio.ts";
import { recordedArguments, recordedStatus, withoutMissing } from "./arguments.ts";
import type { Journal } from "./journal.ts";
import { type CallShape, memberOf, type Method, type Owner, signalOf } from "./call-shape.ts";
import { recordedEvents } from "./recorded-events.ts";
import { recordedList } from "./recorded-list.ts";
import { RecordedStdio, recordedTargets } from "./recorded-stdio.ts";
import type { RecordedObject } from "./recording.ts";
import { type Replace, standIn } from "./stand-in.ts";

interface Held {
  readonly on: number;
  readonly handle: object;
}

/** Puts handles that are taken down in place of those of a runtime. */
export class RecordedHandles {
  readonly #journal: Journal;
  readonly #held = new WeakMap<object, Held>();

  /** @param journal Takes down what is done with them. */
  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** A runtime. */
  runtime(real: Runtime): Runtime {
    return this.#hold(real, (on) => {
      const owner = { on };
      return new Map([
        this.#call(owner, real, {
          method: "runtime.version",
          optionsAt: 0,
          value: (value) => withoutMissing({ ...(value as Version) }),
        }),
        this.#call(owner, real, {
          method: "runtime.createContainer",
          optionsAt: 1,
          containerId: ([request]) => memberOf(request, "id"),
          gives: "container",
        }),
        this.#call(owner, real, {
          method: "runtime.loadContainer",
          optionsAt: 1,
          containerId: ([id]) => id,
          gives: "container",
        }),
        this.#call(owner, real, { method: "runtime.close", optionsAt: 0 }, Symbol.asyncDispose),
        ["events", () => (options?: CallOptions) => this.#events(owner, real, options)],
        [
          "listContainers",
          () => (options?: ListOptions) => {
            const method = "runtime.listContainers";
            const described = this.#arguments({ method, optionsAt: 0 }, [options]);
            return recordedList({
              call: () => this.#journal.call({ method, ...owner, arguments: described }),
              infos: () => real.listContainers?.(options) ?? [],
              signal: signalOf(options),
            });
          },
        ],
      ]);
    }).handle as Runtime;
  }

  #container(real: Container): Held {
    return this.#hold(real, (on) => {
      const owner = { on, containerId: real.id };
      return new Map([
        this.#call(owner, real, { method: "container.info", optionsAt: 0 }),
        this.#call(owner, real, { method: "container.update", optionsAt: 1 }),
        this.#call(owner, real, { method: "container.newTask", optionsAt: 0, gives: "task" }),
        this.#call(owner, real, { method: "container.task", optionsAt: 0, gives: "task" }),
        this.#call(owner, real, { method: "container.delete", optionsAt: 0 }),
      ]);
    });
  }

  #process(real: Process): Held {
    return this.#hold(real, (on) => new Map(this.#ofProcess(real, on)));
  }

  #task(real: Task): Held {
    return this.#hold(real, (on) => {
      const owner = { on, containerId: real.containerId, processId: real.id };
      const call = (shape: CallShape) => this.#call(owner, real, shape);
      const processId = ([id]: readonly unknown[]) => id;
      return new Map([
        ...this.#ofProcess(real, on),
        call({ method: "task.exec", optionsAt: 2, processId, gives: "process" }),
        call({ method: "task.loadProcess", optionsAt: 1, processId, gives: "process" }),
        call({
          method: "task.listPids",
          optionsAt: 0,
          value: (value) => ({ count: (value as readonly PidInfo[]).length }),
        }),
        call({
          method: "task.stats",
          optionsAt: 0,
          value: (value) => ({ kind: (value as Stats).kind }),
        }),
        call({ method: "task.pause", optionsAt: 0 }),
        call({ method: "task.resume", optionsAt: 0 }),
        call({ method: "task.updateResources", optionsAt: 1 }),
        call({ method: "task.createCheckpoint", optionsAt: 1 }),
      ]);
    });
  }

  #ofProcess(real: Process, on: number): [PropertyKey, Replace][] {
    const { containerId, id: processId } = real;
    const owner = { on, containerId, processId };
    const stdio = new RecordedStdio(this.#journal, owner);
    const call = (shape: CallShape) => this.#call(owner, real, shape);
    const status = (value: unknown) => recordedStatus(value as ExitStatus);
    real.exited.then((end) => {
      this.#journal.add({ kind: "exited", ...owner, status: recordedStatus(end) });
    }, () => {});
    return [
      ["stdio", (value) => stdio.of(value as Stdio)],
      call({ method: "process.start", optionsAt: 0, value: () => ({ pid: real.pid }) }),
      call({ method: "process.wait", optionsAt: 0, value: status }),
      call({ method: "process.kill", optionsAt: 1 }),
      call({ method: "process.resize", optionsAt: 1 }),
      call({
        method: "process.closeStdin",
        optionsAt: 0,
        before: (signal) => stdio.flushed(signal),
      }),
      call({
        method: "process.status",
        optionsAt: 0,
        value: (value) => withoutMissing({ ...(value as ProcessStatus) }),
      }),
      call({ method: "process.delete", optionsAt: 0, value: status }),
    ];
  }

  /** One handle has one stand-in, so that they compare as the real ones do. */
  #hold(
    real: object,
    replace: (on: number) => ReadonlyMap<PropertyKey, Replace>,
  ): Held {
    const before = this.#held.get(real);
    if (before) return before;
    const on = this.#journal.nextHandle();
    const held = { on, handle: standIn(real, replace(on)) };
    this.#held.set(real, held);
    return held;
  }

  #call(
    owner: Owner,
    real: object,
    shape: CallShape,
    key: PropertyKey = shape.method.slice(shape.method.indexOf(".") + 1),
  ): [PropertyKey, Replace] {
    return [key, (value) => {
      if (typeof value !== "function") return value;
      const method: Method = (...args) => Reflect.apply(value, real, args);
      return (...args: readonly unknown[]) => this.#run(owner, shape, method, args);
    }];
  }

  async #run(
    owner: Owner,
    shape: CallShape,
    method: Method,
    args: readonly unknown[],
  ): Promise<unknown> {
    const signal = signalOf(args[shape.optionsAt]);
    const call = this.#journal.call({
      method: shape.method,
      ...owner,
      ...textMember("containerId", shape.containerId?.(args)),
      ...textMember("processId", shape.processId?.(args)),
      arguments: this.#arguments(shape, args),
    });
    const given: { owner?: Owner } = {};
    try {
      const value = await this.#after(
        shape.before,
        signal,
        () => method(...this.#withTargets(owner, shape, args, given)),
      );
      const held = this.#given(shape.gives, value);
      if (held) given.owner = { on: held.on };
      const recorded = shape.value?.(value) ?? pidOf(value);
      call.ok({ ...(recorded && { value: recorded }), ...(held && { handle: held.on }) });
      return held ? held.handle : value;
    } catch (error) {
      call.failed(error, signal);
      throw error;
    }
  }

  #arguments({ method, optionsAt }: CallShape, args: readonly unknown[]): RecordedObject {
    return recordedArguments(method, args, { contents: this.#journal.contents, optionsAt });
  }

  /** Calls at once where nothing is to be awaited: whoever calls twice is served in that order. */
  #after(
    before: CallShape["before"],
    signal: AbortSignal | undefined,
    run: () => unknown,
  ): unknown {
    return before === undefined ? run() : before(signal).then(run);
  }

  #given(kind: CallShape["gives"], value: unknown): Held | undefined {
    if (kind === undefined || typeof value !== "object" || value === null) return undefined;
    if (kind === "container") return this.#container(value as Container);
    return kind === "task" ? this.#task(value as Task) : this.#process(value as Process);
  }

  /** The arguments, with the streams of the caller put in place that are taken down. */
  #withTargets(
    owner: Owner,
    { optionsAt, gives, processId }: CallShape,
    args: readonly unknown[],
    given: { readonly owner?: Owner },
  ): readonly unknown[] {
    const options = args[optionsAt] as StdioCallOptions | null | undefined;
    const stdio = options?.stdio;
    const isGiven = gives === "task" || gives === "process";
    if (!isGiven || typeof stdio !== "object" || stdio === null) return args;
    const ids = {
      containerId: owner.containerId ?? "",
      processId: processId ? shown(processId(args)) : "init",
    };
    // Until it is known, the handle is the one that the call was made on.
    const streams = recordedTargets(
      this.#journal,
      () => ({ ...owner, ...given.owner, ...ids }),
      stdio,
    );
    return args.with(optionsAt, { ...options, stdio: streams });
  }

  #events(owner: Owner, real: Runtime, options: CallOptions | undefined): unknown {
    const method = "runtime.events";
    const described = this.#arguments({ method, optionsAt: 0 }, [options]);
    const call = this.#journal.stream({ method, ...owner, arguments: described });
    const signal = signalOf(options);
    try {
      return recordedEvents(this.#journal, real.events(options), call, signal);
    } catch (error) {
      call.failed(error, signal);
      call.over();
      throw error;
    }
  }
}

function textMember<Name extends string>(name: Name, value: unknown): { [_ in Name]?: string } {
  return (typeof value === "string" ? { [name]: value } : {}) as { [_ in Name]?: string };
}

function pidOf(value: unknown): RecordedObject | undefined {
  const pid = memberOf(value, "pid");
  return typeof pid === "number" ? { pid } : undefined;
}
