import type { ContainerEvent } from "../../../src/events.ts";
import type { CallMatch, Fault, Faults, MemoryMethod } from "../../memory/mod.ts";
import { comesFromElsewhere } from "../error-codes.ts";
import type { CallEntry } from "../recording.ts";
import { effectsOf, type Future, keyOf } from "./future.ts";

/** What a call is called on its way to the host. */
const METHODS: Readonly<Record<CallEntry["method"], MemoryMethod | undefined>> = {
  "runtime.version": "version",
  "runtime.createContainer": "createContainer",
  "runtime.loadContainer": "loadContainer",
  "runtime.listContainers": "listContainers",
  "runtime.events": "subscribe",
  "runtime.close": undefined,
  "container.info": "info",
  "container.update": "update",
  "container.newTask": "newTask",
  "container.task": "task",
  "container.delete": "deleteContainer",
  "process.start": "start",
  // Its handle waits all the time: see `hangWait`.
  "process.wait": undefined,
  "process.kill": "kill",
  "process.resize": "resize",
  "process.closeStdin": "closeStdin",
  "process.status": "status",
  "process.delete": "deleteProcess",
  "task.exec": "exec",
  "task.loadProcess": "loadProcess",
  "task.listPids": "listPids",
  "task.stats": "stats",
  "task.pause": "pause",
  "task.resume": "resume",
  "task.updateResources": "updateResources",
  "task.createCheckpoint": "createCheckpoint",
};

/** Brings about what disturbed a call when it was recorded: it hung, or failed for no reason of its own. */
export function disturb(
  faults: Faults,
  future: Future,
  call: CallEntry,
  plugin: string,
): readonly Fault[] {
  const method = methodOf(future, call);
  if (method === undefined) return [];
  const match: CallMatch = { method, plugin, times: 1, ...subjectOf(method, call) };
  const ended = future.returnOf(call.call);
  const work = future.hasEffect(call) ? "done" : "undone";
  if (ended === undefined || ended.outcome === "aborted") {
    return [faults.hangCalls({ ...match, work })];
  }
  const { outcome, code = "unknown", exitCode } = ended;
  const isUnexplained = comesFromElsewhere(code) || isReduced(call);
  if (outcome !== "error" || exitCode !== undefined || !isUnexplained) return [];
  return [faults.failCalls({ ...match, work, code })];
}

/**
 * Lets the wait of a handle hang that is about to be made, if it was recorded that it got to know
 * nothing of an end that events did tell.
 */
export function hangWait(
  faults: Faults,
  future: Future,
  call: CallEntry,
  plugin: string,
): readonly Fault[] {
  const handle = future.handleOf(call.call);
  const { containerId, processId = "init" } = call;
  if (handle === undefined || containerId === undefined) return [];
  const ids = { containerId, processId };
  let hasWaited = false;
  for (const entry of future.of(ids, call.seq)) {
    if (entry.kind === "exited" && entry.on === handle) return [];
    if (entry.kind === "call" && entry.on === handle && entry.method === "process.wait") {
      const hasEnded = future.returnOf(entry.call)?.outcome;
      if (hasEnded === "ok") return [];
      hasWaited = true;
    }
  }
  if (!hasWaited || future.eventsOf("exit", ids, call.seq).length === 0) return [];
  return [faults.hangCalls({ method: "wait", plugin, times: 1, ...ids })];
}

/** Whether a call was given what a replay has not: files, and folders of checkpoints. */
function isReduced({ arguments: given }: CallEntry): boolean {
  const kinds = typeof given["stdio"] === "object" ? Object.values(given["stdio"] ?? {}) : [];
  return given["checkpointDir"] !== undefined || given["directory"] !== undefined ||
    kinds.includes("file") || kinds.includes("uri");
}

/** Which events of calls no stream makes up for: of the others one would tell, if later. */
const DROPPABLE = ["exec-added", "delete", "paused", "resumed", "checkpointed"];

/**
 * Loses the event of a call that no stream brought when it was recorded, since not every runtime has
 * all of them, and a recording may end before; or that was made up for.
 */
export function dropEffect(faults: Faults, future: Future, call: CallEntry): readonly Fault[] {
  const { containerId, processId = "init" } = call;
  const effect = future.effectOf(call);
  if (effect?.event["source"] === "observed") return [];
  const isOfTask = call.method === "process.delete" && processId === "init";
  const types = effectsOf(call.method).filter((type) =>
    effect !== undefined || (DROPPABLE.includes(type) && !isOfTask)
  );
  if (types.length === 0) return [];
  const matches = (event: ContainerEvent) =>
    types.includes(event.type) && keyOf(event) === keyOf({ containerId, processId });
  return [faults.dropEvents({ matches, times: 1 })];
}

/** A removal asks for the state, kills by force what runs, and removes: what hung, hung in one of these. */
function methodOf(future: Future, call: CallEntry): MemoryMethod | undefined {
  const method = METHODS[call.method];
  if (call.method !== "process.delete" || future.hasEffect(call)) return method;
  const outcome = future.returnOf(call.call)?.outcome;
  if (outcome === "error" || outcome === "ok") return method;
  const hasEnded = future.endOf(call, call.seq) !== undefined;
  return hasEnded && outcome === undefined ? method : "status";
}

/** What a fault must be about to strike this call alone: some are about a container as a whole. */
function subjectOf(method: MemoryMethod, { containerId, processId }: CallEntry): CallMatch {
  const ofContainer = [
    "listPids",
    "stats",
    "pause",
    "resume",
    "updateResources",
    "createCheckpoint",
  ].includes(method);
  return {
    ...(containerId !== undefined && { containerId }),
    ...(processId !== undefined && !ofContainer && { processId }),
  };
}
