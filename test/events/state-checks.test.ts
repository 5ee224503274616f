import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EventLedger } from "../../src/event-ledger.ts";
import type { ProcessNote } from "../../src/event-source.ts";
import { holdProcess } from "../../src/hold-process.ts";
import { ProcessNotes } from "../../src/process-notes.ts";
import { StateChecks } from "../../src/state-checks.ts";

function noteOf(containerId: string): ProcessNote {
  return { type: "started", containerId, processId: "init", pid: 7 };
}

describe("StateChecks", () => {
  it("noted() does not bring back what is forgotten of a container", async () => {
    const stop = new AbortController();
    const release = holdProcess(); // the checks do not
    const asked = Promise.withResolvers<string>();
    const notes = new ProcessNotes();
    const ledger = new EventLedger(notes);
    const checks = new StateChecks({
      source: {
        subscribe: () => Promise.reject(new Error("Cannot subscribe: not needed")),
        listTasks: () => Promise.resolve([]),
        findProcess: ({ containerId }) => {
          asked.resolve(containerId);
          return Promise.resolve(undefined);
        },
      },
      ledger,
      notes,
      isWaiting: () => false,
      tell: () => {},
      signal: stop.signal,
    });
    await checks.resume(() => Promise.resolve([]));
    checks.noted(noteOf("gone"));
    notes.add(noteOf("missing"));
    checks.noted(noteOf("missing"));
    // The one that is asked for comes after the one that is not.
    assert.equal(await asked.promise, "missing");
    assert.equal(ledger.find("gone"), undefined);
    assert.equal(ledger.size, 1);
    stop.abort();
    release();
  });
});
