import type {
  Container,
  EventStream,
  Process,
  Runtime,
  RuntimePlugin,
  Task,
} from "../../src/runtime.ts";
import type { RuntimeEvent } from "../../src/mod.ts";

/** What a plugin does differently from one that is right, at each of its handles. */
export interface Defect {
  readonly runtime?: (real: Runtime) => Partial<Runtime>;
  readonly container?: (real: Container) => Partial<Container>;
  /** Of first processes. */
  readonly task?: (real: Task) => Partial<Task>;
  /** Of further processes. */
  readonly process?: (real: Process) => Partial<Process>;
  /** What is told in place of an event. */
  readonly events?: () => (event: RuntimeEvent) => readonly RuntimeEvent[];
}

/** A plugin that is right but for one defect. */
export function defective(plugin: RuntimePlugin, defect: Defect): RuntimePlugin {
  const ofProcess = (real: Process): Process => changed(real, defect.process?.(real));
  const ofTask = (real: Task): Task =>
    changed(real, {
      exec: async (...args) => ofProcess(await real.exec(...args)),
      loadProcess: async (...args) => ofProcess(await real.loadProcess(...args)),
      ...defect.task?.(real),
    });
  const ofContainer = (real: Container): Container =>
    changed(real, {
      newTask: async (...args) => ofTask(await real.newTask(...args)),
      task: async (...args) => ofTask(await real.task(...args)),
      ...defect.container?.(real),
    });
  const ofRuntime = (real: Runtime): Runtime => {
    const different = changed(real, defect.runtime?.(real));
    return changed(different, {
      createContainer: async (...args) => ofContainer(await different.createContainer(...args)),
      loadContainer: async (...args) => ofContainer(await different.loadContainer(...args)),
      events: (...args) => changedEvents(different.events(...args), defect.events?.()),
    });
  };
  return { id: plugin.id, open: async (options) => ofRuntime(await plugin.open(options)) };
}

/** An object with some members in place of its own. */
export function changed<T extends object>(real: T, members: Partial<T> = {}): T {
  return new Proxy(real, {
    get: (target, key) => {
      if (Object.hasOwn(members, key)) return Reflect.get(members, key);
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function changedEvents(
  stream: EventStream,
  change: ((event: RuntimeEvent) => readonly RuntimeEvent[]) | undefined,
): EventStream {
  if (!change) return stream;
  return {
    ready: stream.ready,
    async *[Symbol.asyncIterator]() {
      for await (const event of stream) yield* change(event);
    },
    [Symbol.asyncDispose]: () => stream[Symbol.asyncDispose](),
  };
}
