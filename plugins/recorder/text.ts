import type { CallEntry, Entry, RecordedObject, RpcEntry } from "./recording.ts";

/** What {@linkcode recordingText} takes. */
export interface RecordingTextOptions {
  /** Only what is about this container, and what is about all. Default: everything. */
  readonly containerId?: string | undefined;
  /** Only so many of the last lines, beside what is pending. Default: all. */
  readonly last?: number | undefined;
}

/** What is written down. */
export interface TextSource {
  /** The entries, oldest first. */
  readonly entries: readonly Entry[];
  /** How many fell out. */
  readonly dropped: number;
  /** Now, by the clock of the entries. */
  readonly nowMs: number;
}

/** Writes entries down, one a line, with times since the first one; what has not ended comes last. */
export function recordingText(source: TextSource, options: RecordingTextOptions): string {
  const { containerId, last = Infinity } = options;
  const shown = source.entries.filter((entry) =>
    containerId === undefined || entry.containerId === containerId ||
    (entry.kind === "event" && entry.containerId === undefined)
  );
  const lines = last === 0 ? [] : shown.slice(-Math.min(last, shown.length));
  const startMs = source.entries[0]?.atMs ?? 0;
  const rows = lines.map((entry) => [seconds(entry.atMs - startMs), ...cells(entry)]);
  const pending = pendingOf(shown).map((entry) => [
    seconds(source.nowMs - entry.atMs),
    "PENDING",
    numberOf(entry),
    subjectOf(entry),
    `${entry.method} since ${seconds(entry.atMs - startMs)}`,
  ]);
  const hidden = shown.length - lines.length;
  return [
    ...(source.dropped > 0 ? [`${source.dropped} older entries fell out`] : []),
    ...(hidden > 0 ? [`${hidden} entries before these`] : []),
    ...aligned([...rows, ...pending]),
    "",
  ].join("\n");
}

/** The calls that have not ended, in the order in which they began. */
function pendingOf(entries: readonly Entry[]): readonly (CallEntry | RpcEntry)[] {
  const open = new Map<string, CallEntry | RpcEntry>();
  for (const entry of entries) {
    if (entry.kind === "call" || entry.kind === "rpc") open.set(numberOf(entry), entry);
    else if (entry.kind === "return" || entry.kind === "rpc-return") open.delete(numberOf(entry));
  }
  return [...open.values()];
}

function cells(entry: Entry): readonly string[] {
  return [entry.kind, numberOf(entry), subjectOf(entry), detailOf(entry)];
}

function numberOf(entry: Entry): string {
  if ("call" in entry) return `#${entry.call}`;
  if ("rpc" in entry) return `rpc ${entry.rpc}`;
  return `@${entry.on}`;
}

function subjectOf({ containerId, processId }: Entry): string {
  if (containerId === undefined) return "-";
  return processId === undefined ? containerId : `${containerId}/${processId}`;
}

function detailOf(entry: Entry): string {
  switch (entry.kind) {
    case "call":
      return joined(entry.method, `on @${entry.on}`, fields(entry.arguments));
    case "return":
      return joined(
        entry.outcome,
        entry.code,
        took(entry.durationMs),
        entry.handle && `gives @${entry.handle}`,
        entry.value && fields(entry.value),
        entry.message && JSON.stringify(entry.message),
      );
    case "exited":
      return fields(entry.status);
    case "event": {
      const { type, containerId: _, processId: _process, ...more } = entry.event;
      return joined(String(type), fields(more));
    }
    case "events-end":
      return joined(entry.outcome, entry.message && JSON.stringify(entry.message));
    case "stdio":
      return joined(
        entry.stream,
        entry.edge,
        entry.bytes !== undefined && `${entry.bytes} bytes`,
        entry.offset === 0 && entry.bytes !== undefined ? "(the first)" : `at ${entry.offset}`,
        entry.contents !== undefined && `base64:${entry.contents}`,
        entry.message && JSON.stringify(entry.message),
      );
    case "rpc":
      return joined(entry.method, entry.streams && "(stream)");
    case "rpc-return":
      return joined(
        entry.outcome,
        entry.code,
        took(entry.durationMs),
        `sent ${entry.sent}, received ${entry.received}`,
        entry.message && JSON.stringify(entry.message),
      );
  }
}

function fields(object: RecordedObject): string {
  return Object.entries(object)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
}

function joined(...parts: readonly (string | false | 0 | undefined)[]): string {
  // An id, or a message, may hold what would begin a new line.
  // deno-lint-ignore no-control-regex
  return parts.filter((part) => part).join(" ").replaceAll(/[\u0000-\u001f\u007f]/g, "?");
}

function took(durationMs: number): string {
  return `in ${durationMs.toFixed(3)} ms`;
}

function seconds(ms: number): string {
  return `+${(ms / 1000).toFixed(6)} s`;
}

/** Pads the cells of rows, but the last ones, to columns; numbers of seconds to the right. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, at) => widths[at] = Math.max(widths[at] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, at) => {
      if (at === row.length - 1) return cell;
      const width = widths[at] ?? 0;
      return at === 0 ? cell.padStart(width) : cell.padEnd(width);
    }).join("  ").trimEnd()
  );
}
