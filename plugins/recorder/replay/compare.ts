import { identityOf, type Ids, keyOf } from "./future.ts";
import type { Entry, EventEntry, RecordedObject, ReturnEntry } from "../recording.ts";
import type { ReplayDifference, ReplayedCall, ReplayedEvent } from "./result.ts";

/** What of an end, or of a state, is the same in a replay. */
export function gist(value: RecordedObject | undefined): string {
  if (value === undefined || typeof value["state"] !== "string") return "";
  const { state, code, oomKilled, truncated } = value;
  return [
    ` ${state}`,
    ...(code === undefined ? [] : [`code ${code}`]),
    ...(oomKilled === true ? ["out of memory"] : []),
    ...(truncated === true ? ["truncated"] : []),
  ].join(" ");
}

/** How a call ended, in words; `undefined` stands for one that has not. */
export function ending(
  call: Pick<ReplayedCall, "outcome" | "code" | "value"> | ReturnEntry | undefined,
): string {
  if (call === undefined) return "pending";
  return `${call.outcome}${call.code === undefined ? "" : ` ${call.code}`}${gist(call.value)}`;
}

/** Whether how a call ended is how it was recorded to. */
export function isAlike(call: ReplayedCall, recorded: ReturnEntry | undefined): boolean {
  // An error that is not of this library has no kind that could be compared.
  const { code: _, ...anyError } = call;
  const isForeign = recorded?.outcome === "error" && recorded.code === undefined;
  return ending(isForeign ? anyError : call) === ending(recorded);
}

/**
 * Where the events of a replay are not as they were recorded, by stream and container.
 *
 * @param isCut Whether entries fell out: what is made up for may have been told in one of those.
 */
export function eventDifferences(
  entries: readonly Entry[],
  replayed: readonly ReplayedEvent[],
  { isCut }: { readonly isCut: boolean },
): readonly ReplayDifference[] {
  const recorded = entries.filter((entry) => entry.kind === "event");
  const lanes = new Map<string, { was: EventEntry[]; is: ReplayedEvent[] }>();
  const lane = (call: number, { containerId }: RecordedObject) => {
    const key = `${call} ${containerId ?? ""}`;
    const found = lanes.get(key) ?? { was: [], is: [] };
    lanes.set(key, found);
    return found;
  };
  for (const entry of recorded) lane(entry.call, entry.event).was.push(entry);
  for (const each of replayed) lane(each.call, each.event).is.push(each);
  return [...lanes.values()].flatMap(({ was, is }) => laneDifferences(was, is)).filter((found) =>
    !isCut || found.recorded !== "nothing" || !found.replayed.endsWith("(reconciled)")
  );
}

function laneDifferences(
  was: readonly EventEntry[],
  is: readonly ReplayedEvent[],
): readonly ReplayDifference[] {
  const rest = [...is];
  const take = (matches: (event: RecordedObject) => boolean) => {
    const at = rest.findIndex(({ event }) => matches(event));
    return at < 0 ? undefined : rest.splice(at, 1)[0]?.event;
  };
  const unmatched = was.filter(({ event }) => !take((each) => telling(each) === telling(event)));
  const found: ReplayDifference[] = unmatched.map(({ event, seq }) => {
    const other = take((each) => identityOf(each) === identityOf(event));
    return differing(identityOf(event), seq, telling(event), other ? telling(other) : "nothing");
  });
  for (const { event } of rest) {
    found.push(differing(identityOf(event), 0, "nothing", telling(event)));
  }
  if (found.length > 0) return found;
  return orderDifference(was, is);
}

/** Of processes of one container, either may be told first of what both do at the same time. */
function orderDifference(
  was: readonly EventEntry[],
  is: readonly ReplayedEvent[],
): readonly ReplayDifference[] {
  const of = (key: string) => ({ event }: { readonly event: RecordedObject }) =>
    keyOf(event as Ids) === key;
  for (const entry of was) {
    const key = keyOf(entry.event as Ids);
    const [recorded, replayed] = [was.filter(of(key)), is.filter(of(key))];
    const at = recorded.indexOf(entry);
    const other = replayed[at];
    if (other === undefined || telling(other.event) === telling(entry.event)) continue;
    const texts = [telling(entry.event), telling(other.event)] as const;
    return [differing("order of events", entry.seq, ...texts)];
  }
  return [];
}

function differing(
  subject: string,
  seq: number,
  recorded: string,
  replayed: string,
): ReplayDifference {
  return { what: "event", seq, subject, recorded, replayed };
}

/** What an event tells that is the same in a replay. */
function telling(event: RecordedObject): string {
  const { source, status } = event;
  const end = typeof status === "object" && status !== null && !Array.isArray(status)
    ? gist(status as RecordedObject)
    : "";
  return `${identityOf(event)}${end}${source === undefined ? "" : ` (${source})`}`;
}
