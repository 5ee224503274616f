import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SingleFlight } from "../../src/single-flight.ts";

/** Makes values one by one, each when the test says so. */
function maker() {
  const makings: { signal: AbortSignal; result: PromiseWithResolvers<number> }[] = [];
  const flight = new SingleFlight<number>((signal) => {
    const result = Promise.withResolvers<number>();
    makings.push({ signal, result });
    return result.promise;
  });
  return { flight, makings };
}

describe("SingleFlight", () => {
  it("get() makes the value once for all who ask, and keeps it", async () => {
    const { flight, makings } = maker();
    const waits = [flight.get(), flight.get(), flight.get()];
    assert.equal(flight.current, undefined);
    makings[0]?.result.resolve(7);
    assert.deepEqual(await Promise.all(waits), [7, 7, 7]);
    assert.equal(await flight.get(), 7);
    assert.equal(flight.current, 7);
    assert.equal(makings.length, 1);
  });

  it("get() forgets a failure: all who waited get it, and the next one tries again", async () => {
    const { flight, makings } = maker();
    const problem = new Error("no luck");
    const waits = [flight.get(), flight.get(new AbortController().signal)];
    // At once, when the other one still has to learn of it.
    const again = waits[0]?.catch(() => flight.get());
    makings[0]?.result.reject(problem);
    for (const wait of waits) await assert.rejects(wait, (error) => error === problem);
    assert.equal(makings.length, 2);
    makings[1]?.result.resolve(8);
    assert.equal(await again, 8);
  });

  it("get() that is aborted does not fail the others, nor end the making", async () => {
    const { flight, makings } = maker();
    const abort = new AbortController();
    const reason = new Error("changed my mind");
    const aborted = flight.get(abort.signal);
    const other = flight.get();
    abort.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    assert.equal(makings[0]?.signal.aborted, false);
    makings[0]?.result.resolve(9);
    assert.equal(await other, 9);
  });

  it("get() ends the making when the last caller aborts, and the next begins anew", async () => {
    const { flight, makings } = maker();
    const aborts = [new AbortController(), new AbortController()];
    const waits = aborts.map(({ signal }) => flight.get(signal));
    for (const abort of aborts) abort.abort(new Error("gone"));
    for (const wait of waits) await assert.rejects(wait, /gone/);
    assert.equal(makings[0]?.signal.aborted, true);
    const next = flight.get();
    assert.equal(makings.length, 2);
    // What the abandoned making still gives is nobody's.
    makings[0]?.result.resolve(1);
    makings[1]?.result.resolve(2);
    assert.equal(await next, 2);
    assert.equal(flight.current, 2);
  });

  it("get() rejects at once with the reason of a signal that has aborted, and makes nothing", async () => {
    const { flight, makings } = maker();
    const reason = new Error("too late");
    await assert.rejects(flight.get(AbortSignal.abort(reason)), (error) => error === reason);
    assert.equal(makings.length, 0);
  });

  it("take() forgets the value, and gives what is being made", async () => {
    const { flight, makings } = maker();
    assert.equal(flight.take(), undefined);
    const waiting = flight.get();
    const taken = flight.take();
    makings[0]?.result.resolve(3);
    assert.equal(await taken, 3);
    assert.equal(await waiting, 3);
    assert.equal(flight.current, undefined);
  });
});
