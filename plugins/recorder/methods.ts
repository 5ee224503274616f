/** A call that is recorded: what it is called on, and what is called. */
export type RecordedMethod =
  | "runtime.version"
  | "runtime.createContainer"
  | "runtime.loadContainer"
  | "runtime.listContainers"
  | "runtime.events"
  | "runtime.close"
  | "container.info"
  | "container.update"
  | "container.newTask"
  | "container.task"
  | "container.delete"
  | "process.start"
  | "process.wait"
  | "process.kill"
  | "process.resize"
  | "process.closeStdin"
  | "process.status"
  | "process.delete"
  | "task.exec"
  | "task.loadProcess"
  | "task.listPids"
  | "task.stats"
  | "task.pause"
  | "task.resume"
  | "task.updateResources"
  | "task.createCheckpoint";

const METHODS: Readonly<Record<RecordedMethod, true>> = {
  "runtime.version": true,
  "runtime.createContainer": true,
  "runtime.loadContainer": true,
  "runtime.listContainers": true,
  "runtime.events": true,
  "runtime.close": true,
  "container.info": true,
  "container.update": true,
  "container.newTask": true,
  "container.task": true,
  "container.delete": true,
  "process.start": true,
  "process.wait": true,
  "process.kill": true,
  "process.resize": true,
  "process.closeStdin": true,
  "process.status": true,
  "process.delete": true,
  "task.exec": true,
  "task.loadProcess": true,
  "task.listPids": true,
  "task.stats": true,
  "task.pause": true,
  "task.resume": true,
  "task.updateResources": true,
  "task.createCheckpoint": true,
};

/** The calls that are recorded. */
export const RECORDED_METHODS: readonly RecordedMethod[] = Object.keys(METHODS) as RecordedMethod[];
