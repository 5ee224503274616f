import { ContainerError, type ExitStatus, type RuntimeEvent } from "../../src/mod.ts";
import { changed, type Defect } from "./defective.ts";

/** A defect, and what the suite says of it. */
export interface KnownDefect extends Defect {
  /** What is wrong. */
  readonly name: string;
  /** The names of all tests that fail. */
  readonly fails: readonly string[];
  /** Where calls hang: how long a test may take, in milliseconds. */
  readonly testBudgetMs?: number;
}

const withCode = (status: ExitStatus): ExitStatus =>
  status.state === "exited" ? { ...status, code: 0 } : status;

/** Plugins that are wrong in one way each. */
export const defects: readonly KnownDefect[] = [
  {
    name: "tells every exit twice",
    events: () => (event) => event.type === "exit" ? [event, event] : [event],
    fails: [
      "events() gives create, start and exit of a container, in this order, once",
      "events() gives exec-added, exec-started and exit of a further process, in this order, once",
      "events() gives one exit for each process, after its start, however it ends",
      "events() keeps the order of each of many containers, one exit each",
      "events() tells of what another client does",
    ],
  },
  {
    name: "tells of the start before the creation",
    events: () => {
      const held: RuntimeEvent[] = [];
      return (event) => {
        if (event.type === "create") {
          held.push(event);
          return [];
        }
        return event.type === "start" ? [event, ...held.splice(0)] : [event];
      };
    },
    fails: [
      "events() gives create, start and exit of a container, in this order, once",
      "events() gives paused and resumed",
      "events() keeps the order of each of many containers, one exit each",
      "events() tells of what another client does",
      "a backend is told of every event, in order, from the first container on",
    ],
  },
  {
    name: "tells of no creation",
    events: () => (event) => event.type === "create" ? [] : [event],
    fails: [
      "events() gives create, start and exit of a container, in this order, once",
      "events() gives paused and resumed",
      "events() keeps the order of each of many containers, one exit each",
      "events() tells of what another client does",
      "a backend is told of every event, in order, from the first container on",
    ],
  },
  {
    name: "tells events without their source",
    events: () => (event) => [{ ...event, source: undefined } as never],
    fails: [
      "events() gives create, start and exit of a container, in this order, once",
    ],
  },
  {
    name: "tells no end of further processes",
    testBudgetMs: 6000,
    events: () => (event) => event.type === "exit" && event.processId !== "init" ? [] : [event],
    fails: [
      "exec() refuses an id in use with already_exists, and takes it again after the end",
      "events() gives exec-added, exec-started and exit of a further process, in this order, once",
      "events() gives one exit for each process, after its start, however it ends",
    ],
  },
  {
    name: "gives further processes the code 0",
    process: (real) => ({
      exited: real.exited.then(withCode),
      wait: async (...args) => withCode(await real.wait(...args)),
      delete: async (...args) => withCode(await real.delete(...args)),
    }),
    fails: [
      "exec() gives a handle with a pid; wait() gives its code, also by id after its end",
      "exec() runs processes side by side",
      "exec() refuses an id in use with already_exists, and takes it again after the end",
      "delete() of a running process is refused; force kills it and tells how it ended",
      "the end of the first process ends the others",
      "signalProcess() with TERM ends a further process with 143",
      "signalProcess() with all reaches every process of the container",
      "pause() and resume() freeze and thaw, and the state tells",
      "events() gives exec-added, exec-started and exit of a further process, in this order, once",
      "restore() with a process id finds a further process, and its end",
      "calls by id work on another client's container without restore()",
    ],
  },
  {
    name: "can be waited for once",
    task: (real) => {
      let isWaited = false;
      return {
        wait: (...args) => {
          if (isWaited) throw new Error("waited for already");
          isWaited = true;
          return real.wait(...args);
        },
      };
    },
    fails: [
      "wait() gives the code and the time, to everyone and any number of times",
      "wait() ends with the reason of an abort, and the next wait still works",
      "restore() finds a running container of another client, and it can be waited for",
    ],
  },
  {
    name: "wraps the reason of an abort",
    task: (real) => ({
      wait: (...args) =>
        real.wait(...args).catch((cause) => Promise.reject(new Error("aborted", { cause }))),
    }),
    fails: [
      "wait() ends with the reason of an abort, and the next wait still works",
      "a disposed client refuses every call with unavailable",
    ],
  },
  {
    name: "says internal where a container is missing",
    runtime: (real) => ({
      loadContainer: (id, ...args) =>
        real.loadContainer(id, ...args).catch((cause) => {
          const message = `Cannot find container "${id}": there is none`;
          throw new ContainerError("internal", message, { containerId: id, cause });
        }),
    }),
    fails: [
      "create() refuses a bad id, a bad label and a spec without a command",
      "delete() removes the record; then the id is not found, and free",
      "delete() refuses a container with a task; force removes both",
      "every call that takes an id says not_found for one that nobody has",
      "start() of a missing program rejects with exit code 127 and leaves no task",
      "run() gives the status and removes the container",
      "run() that is aborted kills and removes the container",
      "delete() of a task that was never started leaves nothing",
      "delete() with force removes a paused container",
      "events() gives one exit for each process, after its start, however it ends",
      "restore() says not_found for a container that no runtime has",
      "calls by id work on another client's container without restore()",
      "handles refuse options that are none, and do nothing",
    ],
  },
  {
    name: "gives an id away twice",
    runtime: (real) => ({
      createContainer: (request, ...args) =>
        real.createContainer({ ...request, replace: true }, ...args),
    }),
    fails: [
      "create() refuses an id that is in use with conflict",
      "handles refuse options that are none, and do nothing",
    ],
  },
  {
    name: "runs what was not started",
    container: (real) => ({
      newTask: async (...args) => {
        const task = await real.newTask(...args);
        await task.start();
        return changed(task, { start: () => Promise.resolve() });
      },
    }),
    fails: [
      "start() of a missing program rejects with exit code 127 and leaves no task",
      "newTask() makes a task that does not run until start()",
      "delete() of a task that was never started leaves nothing",
      "kill() of a task that was never started: KILL ends it, others are refused",
      "start() hands a callback the streams before the process runs",
    ],
  },
  {
    name: "swaps the outputs",
    task: ({ stdio: { stdin, stdout, stderr } }) => ({
      stdio: { stdin, stdout: stderr, stderr: stdout },
    }),
    fails: [
      "start() with piped outputs gives them apart, to their end",
      "output is there although it is read only after the task was deleted",
      "start() with a piped input: what is written arrives, and the close ends it",
      "an input that is closed before start() ends the process all the same",
      "start() with one piped output discards the other",
      "a stream of the caller that fails is told to onError, and the process goes on",
      "start() hands a callback the streams before the process runs",
      "a reader that cancels does not stop the process",
    ],
  },
  {
    name: "deletes what runs",
    task: (real) => ({ delete: (options) => real.delete({ ...options, force: true }) }),
    fails: [
      "deleteTask() refuses a running task; force kills it and tells how it ended",
      "pause() and resume() freeze and thaw, and the state tells",
      "handles refuse options that are none, and do nothing",
    ],
  },
  {
    name: "keeps the records of deleted containers",
    container: () => ({ delete: () => Promise.resolve() }),
    fails: [
      "delete() removes the record; then the id is not found, and free",
      "delete() refuses a container with a task; force removes both",
      "run() gives the status and removes the container",
      "run() that is aborted kills and removes the container",
      "newTask() makes a task that does not run until start()",
      "delete() with force removes a paused container",
      "handles refuse options that are none, and do nothing",
    ],
  },
  {
    name: "takes any options",
    task: (real) => ({
      delete: (options) => real.delete({ ...options, force: Boolean(options?.force) }),
      listPids: (options) => real.listPids?.({ signal: options?.signal }) ?? Promise.resolve([]),
    }),
    fails: ["handles refuse options that are none, and do nothing"],
  },
  {
    name: "ends containers with their client",
    runtime: (real) => ({
      [Symbol.asyncDispose]: async () => {
        for await (const { id } of real.listContainers?.() ?? []) {
          const task = await (await real.loadContainer(id)).task().catch(() => undefined);
          await task?.delete({ force: true });
        }
        await real[Symbol.asyncDispose]();
      },
    }),
    fails: [
      "dispose of a client leaves its containers running",
      "a disposed client refuses every call with unavailable",
    ],
  },
  {
    name: "pauses nothing",
    task: () => ({ pause: () => Promise.resolve() }),
    fails: [
      "every call rejects with the reason of a signal that has aborted before",
      "handles refuse options that are none, and do nothing",
      "pause() and resume() freeze and thaw, and the state tells",
      "delete() with force removes a paused container",
      "a container whose process has ended cannot be paused",
      "events() gives paused and resumed",
    ],
  },
  {
    name: "never answers a resume",
    testBudgetMs: 6000,
    task: () => ({ resume: () => new Promise(() => {}) }),
    fails: [
      "every call rejects with the reason of a signal that has aborted before",
      "handles refuse options that are none, and do nothing",
      "pause() and resume() freeze and thaw, and the state tells",
      "events() gives paused and resumed",
    ],
  },
  {
    name: "measures though it says that it cannot",
    task: () => ({
      stats: () => Promise.resolve({ kind: "cgroup2", readAt: new Date() } as never),
    }),
    fails: [
      "every call rejects with the reason of a signal that has aborted before",
      "handles refuse options that are none, and do nothing",
      "stats() measures a running container",
    ],
  },
];
