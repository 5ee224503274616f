import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { about, HostEvents } from "../../examples/plugin/host-events.ts";
import type { RuntimeEvent } from "../../src/mod.ts";

/** How many events a reader may be behind by. */
const LIMIT = 4096;

const shown = (event: RuntimeEvent) =>
  event.type === "gap" ? `gap of ${event.missed}` : "containerId" in event ? event.containerId : "";

describe("HostEvents", () => {
  it("subscribe() keeps so many events for who does not read, then tells how many are missing", async () => {
    const events = new HostEvents();
    const emit = (id: string) => events.emit({ ...about(id), type: "paused" });
    const abort = new AbortController();
    const [slow, quick] = [events.subscribe(abort.signal), events.subscribe(abort.signal)];
    const reader = slow[Symbol.asyncIterator]();
    const read = async () => {
      const next = await reader.next();
      return next.done ? "end" : shown(next.value);
    };
    const quickReader = quick[Symbol.asyncIterator]();
    for (let at = 0; at < LIMIT + 900; at++) {
      emit(`c${at}`);
      const next = await quickReader.next();
      assert.equal(next.done === true || shown(next.value), `c${at}`);
    }
    for (let at = 0; at < LIMIT; at++) assert.equal(await read(), `c${at}`);
    assert.equal(await read(), "gap of 900");
    emit("next");
    assert.equal(await read(), "next");
    abort.abort();
    assert.equal(await read(), "end");
    assert.equal((await quickReader.next()).done, false);
    assert.equal((await quickReader.next()).done, true);
  });
});
