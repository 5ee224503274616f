import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { packBare } from "../../plugins/containerd/any.ts";
import type { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { MetricsSchema } from "../../proto/gen/io/containerd/cgroups/v2/metrics_pb.ts";
import { type FakeExit, FakeProcess } from "./fake-process.ts";
import { type FakeEvent, taskEvent } from "./task-event.ts";

const SIGKILL = 9;

/** A task that a fake daemon says there is. */
interface FakeTask {
  readonly init: FakeProcess;
  readonly execs: Map<string, FakeProcess>;
  oomKills: number | undefined;
}

/** The ids of a process. */
interface Ids {
  readonly containerId: string;
  readonly execId?: string;
}

/** What {@linkcode FakeTasks.exit} takes. */
export interface FakeExitOptions {
  /** Default: 0. */
  readonly code?: number;
  /** A further process; default: the first one. */
  readonly processId?: string;
}

const empty = {};

/** The tasks of a daemon and the service that tells of them; nothing really runs. */
export class FakeTasks {
  readonly #tasks = new Map<string, FakeTask>();
  readonly #publish: (event: FakeEvent) => void;
  #lastPid = 1000;

  /** @param publish Is told what happens. */
  constructor(publish: (event: FakeEvent) => void) {
    this.#publish = publish;
  }

  /** Forgets everything, as a daemon does whose state is lost. */
  clear(): void {
    this.#tasks.clear();
  }

  /** Ends a process as {@linkcode exit} does, but forgets it: nobody learns how. */
  lose(containerId: string, processId = ""): void {
    const process = this.#find({ containerId, execId: processId });
    process.end(255);
    if (processId === "") this.#tasks.delete(containerId);
    else this.#task(containerId).execs.delete(processId);
  }

  /** The process id that the next process gets; the ones after it count on. */
  set nextPid(pid: number) {
    this.#lastPid = pid - 1;
  }

  /** Process id of a process. */
  pid(containerId: string, processId = ""): number {
    return this.#find({ containerId, execId: processId }).pid;
  }

  /** Ends a process, and tells. */
  exit(containerId: string, { code = 0, processId = "" }: FakeExitOptions = {}): void {
    const process = this.#find({ containerId, execId: processId });
    const { exitedAt } = process.end(code);
    const id = processId || containerId;
    this.#publish(taskEvent.exit(containerId, process.pid, { processId: id, code, exitedAt }));
  }

  /** Takes a task away, with its processes, as somebody who deletes it. */
  remove(containerId: string): FakeExit {
    const task = this.#task(containerId);
    const exit = task.init.exit ?? task.init.end(255);
    for (const exec of task.execs.values()) exec.end(255);
    this.#tasks.delete(containerId);
    this.#publish(taskEvent.delete(containerId, task.init.pid, exit));
    return exit;
  }

  /** Says how often the kernel ended a process of a task; `undefined` for no metrics at all. */
  setOomKills(containerId: string, count: number | undefined): void {
    this.#task(containerId).oomKills = count;
  }

  /** The service. */
  readonly service: Partial<ServiceImpl<typeof Tasks>> = {
    create: ({ containerId }) => {
      if (this.#tasks.has(containerId)) {
        throw new ConnectError(`task ${containerId}: already exists`, Code.AlreadyExists);
      }
      const init = new FakeProcess(containerId, "", ++this.#lastPid);
      this.#tasks.set(containerId, { init, execs: new Map(), oomKills: 0 });
      this.#publish(taskEvent.create(containerId, init.pid));
      return { containerId, pid: init.pid };
    },
    start: ({ containerId, execId }) => {
      const process = this.#find({ containerId, execId });
      if (process.status !== Status.CREATED) {
        throw new ConnectError("cannot start a process twice", Code.FailedPrecondition);
      }
      process.status = Status.RUNNING;
      if (execId === "") this.#publish(taskEvent.start(containerId, process.pid));
      else {
        process.pid = ++this.#lastPid;
        this.#publish(taskEvent.execStarted(containerId, execId, process.pid));
      }
      return { pid: process.pid };
    },
    exec: ({ containerId, execId }) => {
      const { execs } = this.#task(containerId);
      if (execs.has(execId)) {
        throw new ConnectError(`id ${execId}: already exists`, Code.AlreadyExists);
      }
      execs.set(execId, new FakeProcess(containerId, execId, 0));
      this.#publish(taskEvent.execAdded(containerId, execId));
      return empty;
    },
    get: (ids) => ({ process: this.#find(ids).message }),
    list: () => ({ tasks: [...this.#tasks.values()].map(({ init }) => init.message) }),
    listPids: ({ containerId }) => {
      const { init, execs } = this.#task(containerId);
      const live = [init, ...execs.values()].filter(({ pid, exit }) => pid > 0 && !exit);
      return { processes: live.map(({ pid }) => ({ pid })) };
    },
    pause: ({ containerId }) => {
      this.#task(containerId).init.status = Status.PAUSED;
      this.#publish(taskEvent.paused(containerId));
      return empty;
    },
    resume: ({ containerId }) => {
      this.#task(containerId).init.status = Status.RUNNING;
      this.#publish(taskEvent.resumed(containerId));
      return empty;
    },
    kill: ({ containerId, execId, signal }) => {
      const process = this.#find({ containerId, execId });
      if (process.exit) throw new ConnectError("process already finished", Code.NotFound);
      if (signal !== SIGKILL) return empty;
      this.exit(containerId, { code: 128 + SIGKILL, processId: execId });
      return empty;
    },
    delete: ({ containerId }) => {
      const { init } = this.#task(containerId);
      requireEnd(init);
      const { code, exitedAt } = this.remove(containerId);
      return { pid: init.pid, exitStatus: code, exitedAt: timestampFromDate(exitedAt) };
    },
    deleteProcess: ({ containerId, execId }) => {
      const process = this.#find({ containerId, execId });
      if (process.status !== Status.CREATED) requireEnd(process);
      this.#task(containerId).execs.delete(execId);
      const { code, exitedAt } = process.exit ?? { code: 0, exitedAt: new Date(0) };
      const { pid } = process;
      return { id: execId, pid, exitStatus: code, exitedAt: timestampFromDate(exitedAt) };
    },
    wait: async (ids, context) => {
      const { code, exitedAt } = await untilCut(this.#find(ids).exited, context);
      return { exitStatus: code, exitedAt: timestampFromDate(exitedAt) };
    },
    metrics: ({ filters }) => {
      const ids = filters.map((filter) => /^id=="(.*)"$/.exec(filter)?.[1]);
      const tasks = [...this.#tasks].filter(([id]) => ids.includes(id));
      return {
        metrics: tasks.flatMap(([id, { oomKills }]) => {
          if (oomKills === undefined) return [];
          const memoryEvents = { oom: BigInt(oomKills), oomKill: BigInt(oomKills) };
          const data = packBare(MetricsSchema, create(MetricsSchema, { memoryEvents }));
          return [{ id, timestamp: timestampFromDate(new Date()), data }];
        }),
      };
    },
  };

  #task(containerId: string): FakeTask {
    const task = this.#tasks.get(containerId);
    if (task) return task;
    throw new ConnectError(`task ${containerId} not found: not found`, Code.NotFound);
  }

  #find({ containerId, execId = "" }: Ids): FakeProcess {
    const { init, execs } = this.#task(containerId);
    const process = execId === "" ? init : execs.get(execId);
    if (process) return process;
    throw new ConnectError(`process does not exist ${execId}: not found`, Code.NotFound);
  }
}

function requireEnd({ exit }: FakeProcess): void {
  if (!exit) {
    throw new ConnectError("process must be stopped before deletion", Code.FailedPrecondition);
  }
}

/** As {@linkcode promise}, but rejects as a daemon does whose client is gone. */
async function untilCut<T>(promise: Promise<T>, { signal }: HandlerContext): Promise<T> {
  const cut = Promise.withResolvers<never>();
  const abort = () => cut.reject(new ConnectError("context canceled", Code.Canceled));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, cut.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
