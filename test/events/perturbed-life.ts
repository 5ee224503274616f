import type { ProcessState, TaskState } from "../../src/event-source.ts";
import type { ContainerEvent } from "../../src/events.ts";

/** What a runtime knows of a container at the end of its life so far. */
export interface Truth {
  /** Every event that the runtime had to tell. */
  readonly events: readonly ContainerEvent[];
  /** Every process that was started, as `process pid`. */
  readonly started: readonly string[];
  /** Of these, those that run at the end. */
  readonly running: readonly string[];
  /** The task at the end, if there is one. */
  readonly task: TaskState | undefined;
  /** Its further processes. */
  readonly execs: ReadonlyMap<string, ProcessState>;
}

/** Some lives of a container, one after the other, with a few further processes each. */
export function randomLife(random: () => number, containerId: string): Truth {
  const events: ContainerEvent[] = [];
  const started: string[] = [];
  const running = new Set<string>();
  let task: TaskState | undefined;
  let execs = new Map<string, ProcessState>();
  let pid = 100;
  let at = 1_000_000;
  const base = () => ({ containerId, timestamp: new Date(at += 5), source: "observed" }) as const;
  const start = (processId: string, as: number) => {
    started.push(`${processId} ${as}`);
    running.add(`${processId} ${as}`);
  };
  const end = (processId: string, as: number, code: number) => {
    const exitedAt = new Date(at);
    const exit = {
      state: "exited",
      code,
      exitedAt,
      oomKilled: "unknown",
      truncated: false,
    } as const;
    events.push({ ...base(), type: "exit", processId, pid: as, status: exit });
    running.delete(`${processId} ${as}`);
    return { pid: as, state: "stopped", exit } as const;
  };
  const steps: readonly (() => void)[] = [
    () => {
      if (task) return;
      task = { containerId, pid: ++pid, state: "created" };
      execs = new Map();
      events.push({ ...base(), type: "create", pid });
    },
    () => {
      if (task?.state !== "created") return;
      task = { ...task, state: "running" };
      start("init", task.pid);
      events.push({ ...base(), type: "start", pid: task.pid });
    },
    () => {
      if (task?.state !== "running") return;
      const processId = `exec${Math.floor(random() * 3)}`;
      const state = execs.get(processId);
      if (state?.state === "running") {
        execs.set(processId, end(processId, state.pid, 3));
      } else if (state?.state === "created") {
        execs.set(processId, { pid: ++pid, state: "running" });
        start(processId, pid);
        events.push({ ...base(), type: "exec-started", processId, pid });
      } else {
        execs.set(processId, { pid: 0, state: "created" });
        events.push({ ...base(), type: "exec-added", processId });
      }
    },
    () => {
      if (task?.state !== "running" && task?.state !== "paused") return;
      const isPaused = task.state === "paused";
      task = { ...task, state: isPaused ? "running" : "paused" };
      events.push({ ...base(), type: isPaused ? "resumed" : "paused" });
    },
    () => {
      if (task?.state !== "running" || random() < 0.5) return;
      for (const [processId, state] of execs) {
        if (state.state === "running") execs.set(processId, end(processId, state.pid, 9));
      }
      task = { containerId, ...end("init", task.pid, 5) };
    },
    () => {
      if (task?.state !== "stopped") return;
      events.push({ ...base(), type: "delete", processId: "init", pid: task.pid });
      task = undefined;
      execs = new Map();
    },
  ];
  const count = 10 + Math.floor(random() * 60);
  for (let index = 0; index < count; index++) steps[Math.floor(random() * steps.length)]?.();
  return { events, started, running: [...running], task, execs };
}

/** What a bad wire makes of events: some are missing, some come twice, some a little late. */
export function perturbed(
  random: () => number,
  events: readonly ContainerEvent[],
): readonly ContainerEvent[] {
  const result: { readonly event: ContainerEvent; readonly place: number }[] = [];
  for (const [index, event] of events.entries()) {
    if (random() < 0.15) continue;
    result.push({ event, place: index + (random() < 0.2 ? random() * 3 : 0) });
    if (random() < 0.15) result.push({ event, place: index + random() * 6 });
  }
  return result.sort((one, other) => one.place - other.place).map(({ event }) => event);
}
