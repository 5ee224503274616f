import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Entry } from "../../plugins/recorder/mod.ts";
import { Journal } from "../../plugins/recorder/journal.ts";
import { Ring } from "../../plugins/recorder/ring.ts";
import { heapBytes } from "../containerd/support/garbage.ts";

const entry = (seq: number): Entry => ({
  kind: "rpc-return",
  rpc: seq,
  seq,
  atMs: 0,
  timeMs: 0,
  outcome: "ok",
  durationMs: 0,
  sent: 1,
  received: 1,
});

describe("Ring", () => {
  for (const limit of [Infinity, 100]) {
    it(`Ring of at most ${limit} entries gives back the places of those that fell out`, async () => {
      const ring = new Ring(limit, 10_000);
      const before = await heapBytes();
      for (let seq = 1; seq <= 1_500_000; seq++) ring.add(entry(seq), 0);
      const heldBytes = await heapBytes() - before;
      assert.ok(heldBytes < 6_000_000, `${heldBytes} bytes`);
      const { entries } = ring;
      assert.ok(entries.length > 10 && entries.length <= 100);
      assert.equal(entries.at(-1)?.seq, 1_500_000);
      assert.equal(entries[0]?.seq, 1_500_001 - entries.length);
      assert.equal(ring.dropped, 1_500_000 - entries.length);
    });
  }
});

describe("Journal", () => {
  const method = "runtime.version";
  const begin = (journal: Journal, text = "") =>
    journal.call({ method, on: 1, arguments: { text } });

  it("Journal keeps as many calls that have not ended as entries, the last ones", () => {
    const journal = new Journal({ limit: 10, limitBytes: Infinity, contents: false });
    const calls = Array.from({ length: 100 }, () => begin(journal));
    // Each of them needs room for as long as it takes.
    for (let count = 0; count < 10; count++) begin(journal).ok();
    assert.deepEqual(
      journal.entries.map(({ seq }) => seq),
      [
        ...Array.from({ length: 9 }, (_, at) => 92 + at),
        ...Array.from({ length: 10 }, (_, at) => 111 + at),
      ],
    );
    // The end of one that was forgotten is taken down like any other, once.
    calls[0]?.ok();
    calls[0]?.ok();
    const ends = journal.entries.filter((each) => each.kind === "return" && each.call === 1);
    assert.equal(ends.length, 1);
  });

  it("Journal keeps no more bytes of calls that have not ended than of entries", () => {
    const journal = new Journal({ limit: Infinity, limitBytes: 20_000, contents: false });
    for (let count = 0; count < 100; count++) begin(journal, "x".repeat(1000));
    for (let count = 0; count < 100; count++) begin(journal, "").ok();
    const open = journal.entries.filter((each) => each.kind === "call" && each.call <= 100);
    assert.ok(open.length >= 10 && open.length <= 20, `${open.length}`);
    assert.equal(open.at(-1)?.seq, 100);
  });
});
