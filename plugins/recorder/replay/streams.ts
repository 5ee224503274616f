import type { StdioEntry } from "../recording.ts";
import type { Future, Ids } from "./future.ts";
import type { Handles } from "./handles.ts";
import { piecesOf, Player } from "./player.ts";
import type { Puppet } from "./puppet.ts";

/** The streams of the processes of a replay. */
export class Streams {
  readonly #future: Future;
  readonly #handles: Handles;
  readonly #players = new Map<number, Player>();
  /** Numbers of the entries of output that processes have written before their end. */
  readonly #written = new Set<number>();

  /** @param future What was recorded. */
  constructor(future: Future, handles: Handles) {
    this.#future = future;
    this.#handles = handles;
  }

  /**
   * Does what was recorded of a stream, and gives what was found in its place: `undefined` if it is
   * the same. Waits for as long as it takes.
   */
  async play(entry: StdioEntry, puppet: Puppet | undefined): Promise<string | undefined> {
    const player = await this.#playerOf(entry);
    return await player?.play(entry, this.#written.has(entry.seq) ? undefined : puppet);
  }

  /**
   * What was read of a process after its end was known, it had written before.
   *
   * @returns Whether there is any.
   */
  async writeRest(end: Ids & { readonly seq: number }, puppet: Puppet): Promise<boolean> {
    let isAny = false;
    for (const entry of this.#future.of(end, end.seq - 1)) {
      const { seq } = entry;
      if (entry.kind !== "stdio" || entry.stream === "stdin" || this.#written.has(seq)) continue;
      if (entry.edge !== "data" && entry.edge !== "write") continue;
      this.#written.add(seq);
      isAny = true;
      puppet.write(entry.stream, piecesOf(entry));
      (await this.#playerOf(entry))?.readAhead(entry.stream);
    }
    return isAny;
  }

  async #playerOf(entry: StdioEntry): Promise<Player | undefined> {
    const { on } = entry;
    const process = await this.#handles.process(on, entry);
    if (process === undefined) return undefined;
    const player = this.#players.get(on) ?? new Player(process.stdio);
    this.#players.set(on, player);
    return player;
  }
}
