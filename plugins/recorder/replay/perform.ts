import type {
  CallOptions,
  Container,
  CreateRequest,
  Process,
  ProcessSpec,
  Resources,
  Runtime,
  Spec,
  Task,
  TerminalSize,
} from "../../../src/runtime.ts";
import type { StdioOptions } from "../../../src/stdio.ts";
import { UNREADABLE } from "../arguments.ts";
import type { CallEntry, RecordedObject, RecordedValue } from "../recording.ts";

/** A signal that does nothing to a process that handles it, as all that are recorded do. */
const HARMLESS_SIGNAL = 28;

/** A handle of a replay. */
export type Handle = Runtime | Container | Process | Task;

/** What {@linkcode perform} takes. */
export interface PerformOptions extends CallOptions {
  /** What the process runs that the call makes, or makes possible. */
  readonly args: readonly string[];
  /** Whether a signal is to do nothing, as it did in the recording. */
  readonly isHarmless: boolean;
}

/** Calls what was recorded, on a handle of a replay. */
export async function perform(
  handle: Handle,
  { method, arguments: given, containerId = "", processId = "" }: CallEntry,
  { signal, args, isHarmless }: PerformOptions,
): Promise<unknown> {
  const runtime = handle as Runtime;
  const container = handle as Container;
  const task = handle as Task;
  // What a runtime refused then, it refuses again.
  const options = isRefused(given) ? { signal: UNREADABLE as never } : { signal };
  const stdio = stdioOf(given["stdio"]);
  switch (method) {
    case "runtime.version":
      return await runtime.version(options);
    case "runtime.createContainer":
      return await runtime.createContainer(requestOf(containerId, given, args), options);
    case "runtime.loadContainer":
      return await runtime.loadContainer(containerId, options);
    case "runtime.listContainers":
      for await (const _ of runtime.listContainers?.(options) ?? []);
      return;
    case "runtime.close":
      return await runtime[Symbol.asyncDispose]();
    case "runtime.events":
      return await runtime.events(options)[Symbol.asyncDispose]();
    case "container.info":
      return await container.info(options);
    case "container.update": {
      const labels = given["labels"] as Readonly<Record<string, string | null>> | undefined;
      const changes = given["unreadable"] === true ? null as never : { labels };
      return await container.update?.(changes, options);
    }
    case "container.newTask":
      return await container.newTask({ ...options, stdio });
    case "container.task":
      return await container.task({ ...options, stdio, force: given["force"] === true });
    case "container.delete":
      return await container.delete(options);
    case "process.start":
      return await task.start(options);
    case "process.wait":
      return await task.wait(options);
    case "process.kill":
      return await task.kill(isHarmless ? HARMLESS_SIGNAL : signalOf(given["signal"]), {
        ...options,
        all: given["all"] === true,
      });
    case "process.resize":
      return await task.resize(given as RecordedObject & TerminalSize, options);
    case "process.closeStdin":
      return await task.closeStdin(options);
    case "process.status":
      return await task.status(options);
    case "process.delete":
      return await task.delete({ ...options, force: given["force"] === true });
    case "task.exec":
      return await task.exec(processId, processOf(given["process"], args), { ...options, stdio });
    case "task.loadProcess":
      return await task.loadProcess(processId, { ...options, stdio });
    case "task.listPids":
      return await task.listPids?.(options);
    case "task.stats":
      return await task.stats?.(options);
    case "task.pause":
      return await task.pause?.(options);
    case "task.resume":
      return await task.resume?.(options);
    case "task.updateResources":
      return await task.updateResources?.(resourcesOf(given["resources"]), options);
    case "task.createCheckpoint": {
      const exit = given["exit"] === true;
      return await task.createCheckpoint?.(String(given["directory"]), { ...options, exit });
    }
  }
}

/** Whether a call was given options that are none. */
export function isRefused({ options }: RecordedObject): boolean {
  return options === UNREADABLE;
}

/** What a container is made from in a replay. */
export function requestOf(
  id: string,
  given: RecordedObject,
  args: readonly string[],
): CreateRequest {
  const spec: Spec = {
    ociVersion: "1.0.2",
    process: processOf(given["process"], args),
    root: { path: "/" },
  };
  const labels = given["labels"] as Readonly<Record<string, string>> | undefined;
  const shim = typeof given["shim"] === "string" ? given["shim"] : "io.containerd.runc.v2";
  return { id, spec, shim, labels, replace: given["replace"] === true };
}

/** What a process is made from in a replay. */
export function processOf(
  recorded: RecordedValue | undefined,
  args: readonly string[],
): ProcessSpec {
  const { terminal } = (recorded ?? {}) as { readonly terminal?: RecordedValue };
  return { args, cwd: "/", terminal: terminal === true };
}

/** The streams of a process: what went elsewhere, or came from there, is the replay's own. */
function stdioOf(recorded: RecordedValue | undefined): StdioOptions | undefined {
  if (typeof recorded !== "object" || recorded === null) return undefined;
  const piped = Object.entries(recorded).filter(([, kind]) =>
    kind === "piped" || kind === "stream"
  );
  return Object.fromEntries(piped.map(([name]) => [name, "piped"]));
}

/** Limits, with numbers beyond 2^53 as they were. */
function resourcesOf(recorded: RecordedValue | undefined): Resources {
  const revive = (_: string, value: unknown) =>
    typeof value === "string" && /^-?\d{16,}$/.test(value) ? BigInt(value) : value;
  // Their own checks are those of the runtime.
  return JSON.parse(JSON.stringify(recorded ?? {}), revive) as Resources;
}

function signalOf(signal: RecordedValue | undefined): number | string {
  return typeof signal === "number" ? signal : String(signal);
}
