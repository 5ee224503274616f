import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { taskEvent } from "../faults/task-event.ts";
import { type FakeSetting, withFake } from "./support/with-fake.ts";

/** The events of an end of a container of somebody else; `end` tells of it. */
async function linesOf(end: (setting: FakeSetting) => Promise<void> | void, exit: string) {
  let lines: readonly string[] = [];
  let oomKilled: boolean | "unknown" | undefined;
  await withFake(async (setting) => {
    const { fake, events } = setting;
    await setting.startByOthers("web");
    await end(setting);
    await events.until(exit);
    await setting.settled("web");
    lines = events.of("web").slice(2).filter((line) => !line.startsWith("checkpointed"));
    for (const event of events.all) {
      if (event.type === "exit" && event.status.state === "exited") {
        oomKilled = event.status.oomKilled;
      }
    }
    assert.ok(fake.subscriptions === 1);
  });
  return { lines: lines.map((line) => line.replace(/ \(.*\)$/, "")), oomKilled };
}

describe("events() and want of memory", () => {
  it("events() tells it before the exit, as the daemon does", async () => {
    const { lines, oomKilled } = await linesOf(({ fake }) => {
      fake.emit(taskEvent.oom("web"));
      fake.tasks.exit("web", { code: 137 });
    }, "exit web/init 137");
    assert.deepEqual(lines, ["oom web", "exit web/init 137 oom"]);
    assert.equal(oomKilled, true);
  });

  it("events() tells it before the exit where the daemon tells it right after", async () => {
    const { lines, oomKilled } = await linesOf(({ fake }) => {
      fake.tasks.setOomKills("web", undefined); // the event alone tells
      fake.tasks.exit("web", { code: 137 });
      fake.emit(taskEvent.oom("web"));
    }, "exit web/init 137");
    assert.deepEqual(lines, ["oom web", "exit web/init 137 oom"]);
    assert.equal(oomKilled, true);
  });

  it("events() tells it after the start where the daemon tells it before", async () => {
    await withFake(async ({ fake, events, others, settled }) => {
      await others.create({ containerId: "web" });
      await events.until("create web");
      const pid = fake.tasks.pid("web");
      fake.emit(taskEvent.oom("web"), taskEvent.start("web", pid));
      await events.until("oom web");
      assert.deepEqual(events.of("web"), ["create web", "start web", "oom web"]);
      await others.start({ containerId: "web" });
      fake.tasks.exit("web", { code: 137 });
      await events.until("exit web/init 137");
      await settled("web");
      const ends = events.of("web").slice(3).filter((line) => !line.startsWith("checkpointed"));
      assert.deepEqual(ends, ["exit web/init 137 oom"]);
    });
  });

  it("events() tells it without a start where there is none", async () => {
    await withFake(async ({ fake, events, others }) => {
      await others.create({ containerId: "web" });
      fake.emit(taskEvent.oom("web"));
      await events.until("oom web");
      assert.deepEqual(events.of("web"), ["create web", "oom web"]);
    });
  });

  it("events() finds out from the counters where the daemon does not tell it", async () => {
    const { lines, oomKilled } = await linesOf(async ({ fake, events }) => {
      fake.tasks.setOomKills("web", 1);
      fake.tasks.exit("web", { code: 137 });
      await events.until("exit web/init 137");
      fake.emit(taskEvent.oom("web")); // much too late
    }, "exit web/init 137");
    assert.equal(oomKilled, true);
    assert.ok(lines.filter((line) => line === "oom web").length <= 1);
    assert.equal(lines.at(-1), "exit web/init 137 oom");
  });

  it("events() tells one that comes twice once, and a second one", async () => {
    const { lines } = await linesOf(({ fake }) => {
      const first = taskEvent.oom("web");
      fake.emit(first, first, taskEvent.oom("web"));
      fake.tasks.exit("web", { code: 137 });
      fake.emit(first);
    }, "exit web/init 137");
    assert.deepEqual(lines, ["oom web", "oom web", "exit web/init 137 oom"]);
  });

  it("events() says that a process that was killed was not for want of memory", async () => {
    const { lines, oomKilled } = await linesOf(({ fake }) => {
      fake.tasks.exit("web", { code: 137 });
    }, "exit web/init 137");
    assert.deepEqual(lines, ["exit web/init 137"]);
    assert.equal(oomKilled, false);
  });

  for (const problem of ["no counters", "an error"] as const) {
    it(`events() says that it is not known, with ${problem}`, async () => {
      const { lines, oomKilled } = await linesOf(({ fake }) => {
        if (problem === "an error") fake.fail("Tasks/Metrics", { times: Infinity });
        else fake.tasks.setOomKills("web", undefined);
        fake.tasks.exit("web", { code: 137 });
      }, "exit web/init 137");
      assert.deepEqual(lines, ["exit web/init 137"]);
      assert.equal(oomKilled, "unknown");
    });
  }

  it("events() tells an exit in the end where the counters are never answered", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      await startByOthers("web");
      const held = fake.hold("Tasks/Metrics", "before");
      fake.tasks.exit("web", { code: 137 });
      await held.arrived;
      await events.until("exit web/init 137");
      held.release();
      await settled("web");
    });
  });

  it("events() holds up no other container, nor what is no question of memory", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      for (const id of ["web", "two", "three"]) await startByOthers(id);
      const held = fake.hold("Tasks/Metrics", "before");
      fake.tasks.exit("web", { code: 137 });
      fake.tasks.exit("two", { code: 0 });
      await events.until("exit two/init 0");
      assert.deepEqual(events.of("web"), ["create web", "start web"]);
      await held.arrived;
      fake.tasks.exit("three", { code: 1 });
      await events.until("exit three/init 1");
      assert.deepEqual(events.of("web"), ["create web", "start web"]);
      held.release();
      await events.until("exit web/init 137");
      await settled("web");
      assert.equal(fake.calls.filter((call) => call === "Tasks/Metrics").length, 1);
    });
  });

  it("events() keeps the order of a container whose exit is held up", async () => {
    await withFake(async ({ fake, events, others, startByOthers }) => {
      await startByOthers("web");
      fake.tasks.exit("web", { code: 137 });
      await others.delete({ containerId: "web" });
      await startByOthers("web");
      await events.until("start web", { times: 2 });
      assert.deepEqual(events.of("web"), [
        "create web",
        "start web",
        "exit web/init 137",
        "delete web/init",
        "create web",
        "start web",
      ]);
    });
  });
});
