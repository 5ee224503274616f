import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventFilter } from "./event-filter.ts";

const start = { namespace: "default", topic: "/tasks/start" };

describe("eventFilter()", () => {
  it("eventFilter() without filters passes everything", () => {
    assert.ok(eventFilter([])(start));
  });

  it("eventFilter() passes what all parts of one filter are true of", () => {
    const passes = eventFilter(['namespace=="default",topic~=|^/tasks/|', "topic==/other"]);
    assert.ok(passes(start));
    assert.ok(passes({ namespace: "x", topic: "/other" }));
    assert.ok(!passes({ namespace: "x", topic: "/tasks/start" }));
    assert.ok(!passes({ namespace: "default", topic: "/images/create" }));
  });

  it("eventFilter() compares the whole value, quoted or not, and its opposite", () => {
    assert.ok(eventFilter(['topic=="/tasks/start"'])(start));
    assert.ok(!eventFilter(['topic=="/tasks"'])(start));
    assert.ok(eventFilter(["namespace!=moby"])(start));
    assert.ok(!eventFilter(["namespace!=default"])(start));
  });

  it("eventFilter() refuses what it cannot read", () => {
    assert.throws(() => eventFilter(["event.id==3"]), {
      message: 'Cannot read filter "event.id==3": at "event.id==3"',
    });
  });
});
