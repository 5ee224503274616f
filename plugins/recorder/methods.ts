/** What is recorded of calls: those of a runtime, of a container, of a process and of a task. */
export const RECORDED_METHODS = [
  "runtime.version",
  "runtime.createContainer",
  "runtime.loadContainer",
  "runtime.listContainers",
  "runtime.events",
  "runtime.close",
  "container.info",
  "container.update",
  "container.newTask",
  "container.task",
  "container.delete",
  "process.start",
  "process.wait",
  "process.kill",
  "process.resize",
  "process.closeStdin",
  "process.status",
  "process.delete",
  "task.exec",
  "task.loadProcess",
  "task.listPids",
  "task.stats",
  "task.pause",
  "task.resume",
  "task.updateResources",
  "task.createCheckpoint",
] as const;

/** A call that is recorded: what it is called on, and what is called. */
export type RecordedMethod = typeof RECORDED_METHODS[number];
