import { type Journal, messageOf } from "./journal.ts";
import type { StdioEdge, StreamName } from "./recording.ts";

/** Whose stream it is. */
export interface StreamOwner {
  /** Number of the handle. */
  readonly on: number;
  /** Its container. */
  readonly containerId: string;
  /** Its process. */
  readonly processId: string;
}

/** Takes down what happens to one stream of a process. */
export class StreamLog {
  readonly #journal: Journal;
  readonly #owner: () => StreamOwner;
  readonly #stream: StreamName;
  #offset = 0;

  /** @param owner Whose it is; asked each time, for a stream may be given before there is a handle. */
  constructor(journal: Journal, owner: () => StreamOwner, stream: StreamName) {
    this.#journal = journal;
    this.#owner = owner;
    this.#stream = stream;
  }

  /** Takes down a piece of it: `data` was read, `write` begins. */
  piece(edge: "data" | "write", chunk: Uint8Array): void {
    const { byteLength: bytes } = chunk;
    const offset = this.#offset;
    this.#offset += bytes;
    this.#add({ edge, offset, bytes }, this.#journal.contents ? chunk : undefined);
  }

  /** Takes down that what was written last is taken. */
  taken(bytes: number): void {
    this.#add({ edge: "taken", offset: this.#offset - bytes, bytes });
  }

  /** Takes down what else happens. */
  edge(edge: Exclude<StdioEdge, "data" | "write" | "taken" | "error">): void {
    this.#add({ edge, offset: this.#offset });
  }

  /** Takes down that it failed. */
  error(error: unknown): void {
    this.#add({ edge: "error", offset: this.#offset, message: messageOf(error) });
  }

  #add(what: {
    readonly edge: StdioEdge;
    readonly offset: number;
    readonly bytes?: number;
    readonly message?: string;
  }, contents?: Uint8Array): void {
    const owner = this.#owner();
    this.#journal.add({ kind: "stdio", ...owner, stream: this.#stream, ...what }, contents);
  }
}
