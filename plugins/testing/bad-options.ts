import assert from "node:assert/strict";
import type { Container, Process, Runtime, Task } from "../../src/runtime.ts";
import { eachRejectsWith } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import type { Calls } from "./calls.ts";

/** What is no object of options, or has a signal that is none. */
const BAD: readonly unknown[] = [null, "soon", { signal: "abort" }];

/** The handles of a plugin, which are called without the client and its checks. */
interface Handles {
  readonly runtime: Runtime;
  readonly container: Container;
  readonly task: Task;
  readonly process: Process;
}

/** What the handles of a plugin do about options that are none: a misspelt one would be silent. */
export function badOptionsContract(bench: Bench): void {
  const { options } = bench;
  const run = { does: "run" } as const;

  bench.it("handles refuse options that are none, and do nothing", async () => {
    await bench.withRunning(run, async (id) => {
      const runtime = await bench.client.runtime();
      const container = await runtime.loadContainer(id);
      const task = await container.task();
      const process = await task.exec("worker", options.process(run));
      await process.start();
      const handles: Handles = { runtime, container, task, process };
      for (const bad of BAD) {
        const calls = present({
          ...recordCalls(handles, bad as never),
          ...taskCalls(handles, bad as never),
        });
        await eachRejectsWith(calls, "invalid_argument");
      }
      await eachRejectsWith(flagCalls(handles), "invalid_argument");
      await eachRejectsWith(present(requestCalls(handles)), "invalid_argument");
      assert.equal((await task.status()).state, "running");
      assert.equal((await process.status()).state, "running");
    });
  });

  function recordCalls({ runtime, container }: Handles, bad: undefined): OptionalCalls {
    const request = { id: bench.newId(), spec: options.spec(run), shim: options.shim };
    return {
      version: () => runtime.version(bad),
      createContainer: () => runtime.createContainer(request, bad),
      loadContainer: () => runtime.loadContainer(container.id, bad),
      events: async () => await runtime.events(bad)[Symbol.asyncDispose](),
      listContainers: runtime.listContainers && (async () => {
        for await (const _ of runtime.listContainers?.(bad) ?? []);
      }),
      info: () => container.info(bad),
      update: container.update && (async () => await container.update?.({}, bad)),
      newTask: () => container.newTask(bad),
      task: () => container.task(bad),
      "delete of a container": () => container.delete(bad),
    };
  }

  function taskCalls({ task, process }: Handles, bad: undefined): OptionalCalls {
    const spec = options.process(run);
    return {
      exec: () => task.exec("more", spec, bad),
      loadProcess: () => task.loadProcess("worker", bad),
      listPids: task.listPids && (async () => await task.listPids?.(bad)),
      stats: task.stats && (async () => await task.stats?.(bad)),
      pause: task.pause && (async () => await task.pause?.(bad)),
      resume: task.resume && (async () => await task.resume?.(bad)),
      updateResources: task.updateResources && (async () => await task.updateResources?.({}, bad)),
      createCheckpoint: task.createCheckpoint &&
        (async () => await task.createCheckpoint?.("/tmp/never", bad)),
      start: () => process.start(bad),
      wait: () => process.wait(bad),
      kill: () => process.kill("KILL", bad),
      resize: () => process.resize({ columns: 80, rows: 24 }, bad),
      closeStdin: () => process.closeStdin(bad),
      status: () => process.status(bad),
      delete: () => process.delete(bad),
      "delete of a task": () => task.delete(bad),
    };
  }
}

type OptionalCalls = Readonly<Record<string, (() => Promise<unknown>) | undefined>>;

/** Those that the runtime has. */
function present(calls: OptionalCalls): Calls {
  const entries = Object.entries(calls).filter((entry): entry is [string, Calls[string]] =>
    entry[1] !== undefined
  );
  return Object.fromEntries(entries);
}

/** Calls that say yes or no by what is neither: the word "false" would be a yes. */
function flagCalls({ container, task, process }: Handles): Calls {
  const flag = "false" as never;
  return {
    "task({ force })": () => container.task({ force: flag }),
    "kill({ all })": () => process.kill("KILL", { all: flag }),
    "delete({ force })": () => process.delete({ force: flag }),
    "delete({ force }) of a task": () => task.delete({ force: flag }),
  };
}

/** Calls with requests and changes that are none. */
function requestCalls({ runtime, container }: Handles): OptionalCalls {
  const none = null as never;
  return {
    "createContainer(null)": () => runtime.createContainer(none),
    "update(null)": container.update && (async () => await container.update?.(none)),
    "update({ labels: 3 })": container.update &&
      (async () => await container.update?.({ labels: 3 as never })),
  };
}
