import type { Fault, MemoryHost } from "../../memory/mod.ts";
import { comesFromElsewhere } from "../error-codes.ts";
import type { CallEntry, ReturnEntry } from "../recording.ts";
import type { Cast } from "./cast.ts";
import { KILLED } from "./endings.ts";
import type { Future } from "./future.ts";
import { PLUGIN } from "./handles.ts";

/** Loses the connection of a replay when it was lost, and has it back when it was. */
export class Outage {
  readonly #future: Future;
  readonly #host: MemoryHost;
  readonly #cast: Cast;
  #fault: Fault | undefined;

  /** @param future What was recorded. */
  constructor(future: Future, host: MemoryHost, cast: Cast) {
    this.#future = future;
    this.#host = host;
    this.#cast = cast;
  }

  /** Whether there is no connection now. */
  get isOn(): boolean {
    return this.#fault !== undefined;
  }

  /** Loses it, with what was never heard of again. */
  begin(seq: number): void {
    this.end();
    const { faults } = this.#host;
    const lost = this.#cast.all.filter(([ids, puppet]) =>
      !puppet.isEnding && this.#future.endOf(ids, seq)?.status["state"] === "lost"
    );
    this.#fault = lost.length > 0
      ? faults.loseDaemon({ ended: "gone" })
      : faults.loseConnection({ plugin: PLUGIN });
    for (const [, puppet] of lost) puppet.exit(KILLED);
  }

  /** Has it back. Idempotent. */
  end(): void {
    this.#fault?.lift();
    this.#fault = undefined;
  }

  /** What got an answer before the stream of events knew of a connection had one. */
  endFor({ method, call }: CallEntry): void {
    const answer = this.#future.returnOf(call);
    if (method !== "process.wait" && answer) this.endBy(answer);
  }

  /** An answer came by a connection, unless it may be what was made of having none. */
  endBy({ outcome, code }: ReturnEntry): void {
    const isAnswer = outcome === "error" && code !== undefined && !comesFromElsewhere(code);
    if (outcome === "ok" || isAnswer) this.end();
  }
}
