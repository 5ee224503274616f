import assert from "node:assert/strict";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { eventually } from "../helpers/eventually.ts";
import type { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import { isContainerError } from "../../src/errors.ts";
import { assertLives } from "./all-lives.ts";
import type { Load } from "./load.ts";
import { settledLives } from "./settled-lives.ts";
import { SlowBackend } from "./slow-backend.ts";

/**
 * All who may be told of containers while a connection fails: two streams and the handlers of the
 * client that makes them, and a stream of another client, which learns of them by events alone.
 */
export class Audience implements AsyncDisposable {
  /** The client that is to make containers. */
  readonly client: Client;
  /** A stream of that client. */
  readonly events: RecordedEvents;
  readonly #second: RecordedEvents;
  readonly #others: RecordedEvents;
  readonly #other: Client;
  readonly #backend: SlowBackend;
  readonly #failures: readonly unknown[];

  private constructor(
    parts: {
      readonly clients: readonly [Client, Client];
      readonly streams: readonly [RecordedEvents, RecordedEvents, RecordedEvents];
      readonly backend: SlowBackend;
      readonly failures: readonly unknown[];
    },
  ) {
    [this.client, this.#other] = parts.clients;
    [this.events, this.#second, this.#others] = parts.streams;
    this.#backend = parts.backend;
    this.#failures = parts.failures;
  }

  /** Subscribes all. */
  static async open(connect: (options?: ClientOptions) => Client): Promise<Audience> {
    const backend = new SlowBackend();
    const failures: unknown[] = [];
    const client = connect({ backend, onError: (error) => void failures.push(error) });
    const other = connect();
    try {
      const streams = await Promise.all([client, client, other].map(RecordedEvents.open));
      const [first, second, third] = streams;
      if (!first || !second || !third) throw new Error("Cannot subscribe: no stream");
      return new Audience({
        clients: [client, other],
        streams: [first, second, third],
        backend,
        failures,
      });
    } catch (error) {
      await client[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Waits until every stream has said so often that it lost, or found, the daemon. */
  async are(state: "connected" | "disconnected", times: number): Promise<void> {
    await Promise.all(this.#all.map((stream) => stream.until(state, { times })));
  }

  /** Waits until the client was told of further ends. */
  async tellsEnds(count: number): Promise<void> {
    const ends = () => this.events.lines.filter((line) => line.startsWith("exit")).length;
    const before = ends();
    await this.events.holds("further ends", () => ends() >= before + count);
  }

  /**
   * Checks, once a load has stopped, that nobody has missed anything: every process ends once, after
   * its start; every stream has lost and found the daemon so often, and never else; the handlers
   * were called for the same, in the same order for each container, one after the other.
   *
   * @param options How often the daemon was away, and which containers there were beside the load.
   */
  async assertTold(
    load: Load,
    { outages, others }: { readonly outages: number; readonly others: readonly string[] },
  ): Promise<void> {
    const own = Array.from({ length: load.count }, (_, index) => load.idOf(index + 1));
    const ids = [...own, ...others];
    await Promise.all(this.#all.map((stream) => tellsRemovals(stream, ids)));
    await assertLives(this.events, load);
    await assertLives(this.#second, load);
    await settledLives(this.#others, ...ids);
    const pairs = Array.from({ length: outages }, () => ["disconnected", "connected"]).flat();
    for (const { lines } of this.#all) {
      assert.deepEqual(lines.filter((line) => !line.includes(" ")), pairs);
    }
    const told = this.events.all.filter((event) => "containerId" in event);
    await eventually("all is handled", () => this.#backend.count >= told.length);
    assert.deepEqual(this.#backend.overlaps, []);
    for (const id of ids) {
      const expected = this.events.of(id);
      assert.deepEqual(this.#second.of(id), expected);
      assert.deepEqual(this.#backend.of(id), expected);
    }
    assert.equal(this.#backend.count, told.length);
    // What could not be removed while the daemon was away, and that alone.
    assert.deepEqual(this.#failures.filter((error) => !isContainerError(error, "unavailable")), []);
  }

  /** Ends the streams and the clients. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((stream) => stream[Symbol.asyncDispose]()));
    await this.client[Symbol.asyncDispose]();
    await this.#other[Symbol.asyncDispose]();
  }

  get #all(): readonly RecordedEvents[] {
    return [this.events, this.#second, this.#others];
  }
}

/** Waits until all that a stream was told to be there is told to be gone: so nothing follows. */
async function tellsRemovals(stream: RecordedEvents, ids: readonly string[]): Promise<void> {
  const left = () => {
    const isGone = (line: string) => line.startsWith("delete ") && line.includes("/init");
    return ids.filter((id) => stream.of(id).length > 0 && !stream.of(id).some(isGone));
  };
  await stream.holds(() => `the deletion of ${left()}`, () => left().length === 0);
}
