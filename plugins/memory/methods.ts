/**
 * A call from a client to its host. Most are called as the member that makes them; `wait`, which a
 * handle makes by itself, tells the end of a process; `subscribe`, `listTasks` and `findProcess` are
 * those of a stream of events.
 */
export type MemoryMethod =
  | "open"
  | "version"
  | "createContainer"
  | "loadContainer"
  | "listContainers"
  | "info"
  | "update"
  | "deleteContainer"
  | "newTask"
  | "task"
  | "exec"
  | "loadProcess"
  | "start"
  | "wait"
  | "kill"
  | "resize"
  | "closeStdin"
  | "status"
  | "deleteProcess"
  | "listPids"
  | "stats"
  | "pause"
  | "resume"
  | "updateResources"
  | "createCheckpoint"
  | "subscribe"
  | "listTasks"
  | "findProcess";

const METHODS: Readonly<Record<MemoryMethod, true>> = {
  open: true,
  version: true,
  createContainer: true,
  loadContainer: true,
  listContainers: true,
  info: true,
  update: true,
  deleteContainer: true,
  newTask: true,
  task: true,
  exec: true,
  loadProcess: true,
  start: true,
  wait: true,
  kill: true,
  resize: true,
  closeStdin: true,
  status: true,
  deleteProcess: true,
  listPids: true,
  stats: true,
  pause: true,
  resume: true,
  updateResources: true,
  createCheckpoint: true,
  subscribe: true,
  listTasks: true,
  findProcess: true,
};

/** Tells whether there is such a call. */
export function isMethod(value: unknown): value is MemoryMethod {
  return typeof value === "string" && Object.hasOwn(METHODS, value);
}
