import type { StdioOptions } from "../../../src/stdio.ts";
import type { Entry } from "../recording.ts";
import { type Future, keyOf } from "./future.ts";
import type { Whom } from "./outsider.ts";

/** What others made, of which nothing tells but that it was there. */
export interface Prelude extends Whom {
  /** Number of the entry before which it must be there; 0 if it was there from the beginning. */
  readonly before: number;
  /** What of it: the container alone, or a process that is ready, or one that runs. */
  readonly what: "container" | "ready" | "running";
  /** The streams that somebody attaches to. */
  readonly stdio: StdioOptions;
}

/** Tells what others must have made for a recording to be replayed, in the order in which to make it. */
export function preludeOf(future: Future): readonly Prelude[] {
  const known = new Set<string>();
  const made = new Set<string>();
  const found: Prelude[] = [];
  const need = (whom: Whom, what: "container" | "process", seq: number) => {
    const key = what === "container" ? whom.containerId : keyOf(whom);
    if (known.has(key)) return;
    known.add(key);
    // Before the container was made by the recording itself there was no process of it.
    const before = made.has(whom.containerId) ? seq : 0;
    if (what === "container") return void found.push({ ...whom, before, what, stdio: {} });
    if (whom.processId !== "init") need({ ...whom, processId: "init" }, "process", seq);
    else need(whom, "container", seq);
    const state = startsLater(future, whom, before) ? "ready" : "running";
    found.push({ ...whom, before, what: state, stdio: streamsOf(future, whom, before) });
  };
  for (const entry of future.entries) {
    const { containerId, processId = "init" } = entry;
    if (containerId === undefined) continue;
    const whom = { containerId, processId };
    const isMade = makes(future, entry);
    if (isMade !== undefined) {
      // A call needs what it is made on; where only an event tells of it, others make that, too.
      if (entry.kind === "call" && isMade === "process") {
        if (processId === "init") need(whom, "container", entry.seq);
        else need({ ...whom, processId: "init" }, "process", entry.seq);
      }
      if (!known.has(containerId)) made.add(containerId);
      known.add(containerId);
      if (isMade === "process") known.add(keyOf(whom));
    } else {
      const needed = needs(future, entry);
      if (needed !== undefined) need(whom, needed, entry.seq);
    }
  }
  return found;
}

/** What comes to be by an entry, as far as it is not there before. */
function makes(future: Future, entry: Entry): "container" | "process" | undefined {
  if (entry.kind === "event") {
    const { type } = entry.event;
    return type === "create" || type === "exec-added" ? "process" : undefined;
  }
  if (entry.kind !== "call") return undefined;
  const isMade = future.returnOf(entry.call)?.outcome !== "error" || future.hasEffect(entry);
  switch (entry.method) {
    case "runtime.createContainer":
      // One that failed because of another one of its id needs that one.
      return isMade ? "container" : undefined;
    case "container.newTask":
    case "task.exec":
      return isMade ? "process" : undefined;
    default:
      return undefined;
  }
}

/** What must have been there for an entry. */
function needs(future: Future, entry: Entry): "container" | "process" | undefined {
  if (entry.kind === "stdio" || entry.kind === "exited") return "process";
  if (entry.kind === "event") return "processId" in entry ? "process" : undefined;
  if (entry.kind !== "call") return undefined;
  const { outcome = "ok", code } = future.returnOf(entry.call) ?? {};
  switch (entry.method) {
    case "runtime.createContainer":
      return code === "conflict" ? "container" : undefined;
    case "runtime.loadContainer":
      return outcome === "ok" ? "container" : undefined;
    case "container.task":
    case "task.loadProcess":
      return outcome === "ok" ? "process" : undefined;
    default:
      if (code === "not_found") return undefined;
      return entry.method.startsWith("container.") || entry.method.startsWith("runtime.")
        ? "container"
        : entry.method === "task.exec"
        ? undefined
        : "process";
  }
}

function startsLater(future: Future, whom: Whom, after: number): boolean {
  for (const entry of future.of(whom, after)) {
    const isCall = entry.kind === "call" && entry.method === "process.start";
    const isEvent = entry.kind === "event" &&
      ["start", "exec-started"].includes(String(entry.event["type"]));
    if (isCall || isEvent) return true;
  }
  return false;
}

function streamsOf(future: Future, whom: Whom, after: number): StdioOptions {
  const names = new Set<string>();
  for (const entry of future.of(whom, after)) {
    if (entry.kind === "stdio") names.add(entry.stream);
  }
  return Object.fromEntries([...names].map((name) => [name, "piped"]));
}
