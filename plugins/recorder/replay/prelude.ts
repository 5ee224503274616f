import type { StdioOptions } from "../../../src/stdio.ts";
import type { Entry } from "../recording.ts";
import { type Future, keyOf } from "./future.ts";
import type { Whom } from "./outsider.ts";

/** What was there before a recording begins. */
export interface Prelude extends Whom {
  /** What of it: the container alone, or a process that is ready, or one that runs. */
  readonly what: "container" | "ready" | "running";
  /** The streams that somebody attaches to. */
  readonly stdio: StdioOptions;
}

/** Tells what must be there already for a recording to be replayed, in the order in which to make it. */
export function preludeOf(future: Future): readonly Prelude[] {
  const known = new Set<string>();
  const found: Prelude[] = [];
  const need = (whom: Whom, what: "container" | "process") => {
    const key = what === "container" ? whom.containerId : keyOf(whom);
    if (known.has(key)) return;
    known.add(key);
    if (what === "container") return void found.push({ ...whom, what, stdio: {} });
    if (whom.processId !== "init") need({ ...whom, processId: "init" }, "process");
    else need(whom, "container");
    const state = startsLater(future, whom) ? "ready" : "running";
    found.push({ ...whom, what: state, stdio: streamsOf(future, whom) });
  };
  for (const entry of future.entries) {
    const { containerId, processId = "init" } = entry;
    if (containerId === undefined) continue;
    const whom = { containerId, processId };
    const made = makes(future, entry);
    if (made !== undefined) {
      known.add(containerId);
      if (made === "process") known.add(keyOf(whom));
    } else {
      const needed = needs(future, entry);
      if (needed !== undefined) need(whom, needed);
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

function startsLater(future: Future, whom: Whom): boolean {
  for (const entry of future.of(whom, 0)) {
    const isCall = entry.kind === "call" && entry.method === "process.start";
    const isEvent = entry.kind === "event" &&
      ["start", "exec-started"].includes(String(entry.event["type"]));
    if (isCall || isEvent) return true;
  }
  return false;
}

function streamsOf(future: Future, whom: Whom): StdioOptions {
  const names = new Set<string>();
  for (const entry of future.of(whom, 0)) {
    if (entry.kind === "stdio") names.add(entry.stream);
  }
  return Object.fromEntries([...names].map((name) => [name, "piped"]));
}
