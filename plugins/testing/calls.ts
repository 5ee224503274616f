import type { Client } from "../../src/client.ts";
import type { Process } from "../../src/oci/spec.ts";
import type { CallOptions } from "../../src/runtime.ts";

/** Calls by their names; each is made when it is asked for. */
export type Calls = Readonly<Record<string, () => Promise<unknown>>>;

/** What {@linkcode taskCalls} and {@linkcode recordCalls} take. */
export interface CallsOptions extends CallOptions {
  /** What an exec runs. */
  readonly process: Process;
}

/** Every call about a container that needs a task of it. */
export function taskCalls(client: Client, id: string, options: CallsOptions): Calls {
  const { process, ...call } = options;
  return {
    exec: () => client.exec(id, "x", process, call),
    signalProcess: () => client.signalProcess(id, "init", "TERM", call),
    resizeTerminal: () => client.resizeTerminal(id, "init", { columns: 80, rows: 24 }, call),
    closeStdin: () => client.closeStdin(id, "init", call),
    pause: () => client.pause(id, call),
    resume: () => client.resume(id, call),
    stats: () => client.stats(id, call),
    listPids: () => client.listPids(id, call),
    summary: () => client.summary(id, call),
    status: () => client.status(id, "init", call),
    wait: () => client.wait(id, "init", call),
    updateResources: () => client.updateResources(id, {}, call),
    createCheckpoint: () => client.createCheckpoint(id, "/tmp/never", call),
    deleteTask: () => client.deleteTask(id, call),
  };
}

/** Every call about a container that exists. */
export function recordCalls(client: Client, id: string, options: CallsOptions): Calls {
  const { process: _, ...call } = options;
  return {
    ...taskCalls(client, id, options),
    start: () => client.start(id, call),
    restore: () => client.restore(id, call),
    delete: () => client.delete(id, call),
  };
}
