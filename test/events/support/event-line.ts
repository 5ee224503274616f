import type { RuntimeEvent } from "../../../src/events.ts";

/**
 * An event in short, for comparing: `create web`, `exit web/init 137 oom`, `exit web/more lost`,
 * `connected`; one that the daemon did not tell has how it is known behind it, in brackets.
 */
export function eventLine(event: RuntimeEvent): string {
  if (!("containerId" in event)) return event.type;
  const process = "processId" in event ? `/${event.processId}` : "";
  const source = event.source === "observed" ? "" : ` (${event.source})`;
  return `${event.type} ${event.containerId}${process}${ending(event)}${source}`;
}

function ending(event: RuntimeEvent): string {
  if (event.type !== "exit") return "";
  const { status } = event;
  if (status.state === "lost") return " lost";
  return ` ${status.code}${status.oomKilled === true ? " oom" : ""}`;
}
