const METHODS = [
  "open",
  "version",
  "createContainer",
  "loadContainer",
  "listContainers",
  "info",
  "update",
  "deleteContainer",
  "newTask",
  "task",
  "exec",
  "loadProcess",
  "start",
  "wait",
  "kill",
  "resize",
  "closeStdin",
  "status",
  "deleteProcess",
  "listPids",
  "stats",
  "pause",
  "resume",
  "updateResources",
  "createCheckpoint",
  "subscribe",
  "listTasks",
  "findProcess",
] as const;

/**
 * A call from a client to its host. Most are called as the member that makes them; `wait`, which a
 * handle makes by itself, tells the end of a process; `subscribe`, `listTasks` and `findProcess` are
 * those of a stream of events.
 */
export type MemoryMethod = (typeof METHODS)[number];

/** Tells whether there is such a call. */
export function isMethod(value: unknown): value is MemoryMethod {
  return METHODS.some((method) => method === value);
}
