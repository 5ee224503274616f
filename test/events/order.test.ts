import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { taskEvent } from "../faults/task-event.ts";
import { withFake } from "./support/with-fake.ts";

/** What is told of processes, without how it is known, nor checkpoints, which mark the end. */
function lives(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.startsWith("checkpointed")).map((line) =>
    line.replace(/ \(.*\)$/, "")
  );
}

describe("events() tells a life in order", () => {
  it("events() tells an exit that comes before the answer of Start, and wait() knows it", async () => {
    await withFake(async ({ fake, events, start, settled }) => {
      const held = fake.hold("Tasks/Start", "after");
      const starting = start("web");
      await held.arrived;
      fake.tasks.exit("web", { code: 3 });
      await events.until("exit web/init 3");
      held.release();
      const task = await starting;
      const status = await task.wait();
      assert.equal(status.state === "exited" && status.code, 3);
      await settled("web");
      assert.deepEqual(lives(events.of("web")), ["create web", "start web", "exit web/init 3"]);
    });
  });

  it("events() tells the exit of a further process that comes before the answer of Start", async () => {
    await withFake(async ({ fake, events, start, exec, settled }) => {
      await start("web");
      const held = fake.hold("Tasks/Start", "after");
      const starting = exec("web", "more");
      await held.arrived;
      fake.tasks.exit("web", { code: 4, processId: "more" });
      await events.until("exit web/more 4");
      held.release();
      const status = await (await starting).wait();
      assert.equal(status.state === "exited" && status.code, 4);
      await settled("web");
      assert.deepEqual(lives(events.of("web")).slice(2), [
        "exec-added web/more",
        "exec-started web/more",
        "exit web/more 4",
      ]);
    });
  });

  it("events() tells an exit that comes before its start after it", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      fake.mute("/tasks/start", "/tasks/exit");
      await startByOthers("web");
      fake.tasks.exit("web", { code: 3 });
      const pid = fake.tasks.pid("web");
      fake.emit(taskEvent.exit("web", pid, { code: 3 }), taskEvent.start("web", pid));
      await events.until("exit web/init 3");
      await settled("web");
      assert.deepEqual(lives(events.of("web")), ["create web", "start web", "exit web/init 3"]);
    });
  });

  it("events() tells the exit of a further process that comes before its start after it", async () => {
    await withFake(async ({ fake, events, startByOthers, execByOthers, settled }) => {
      await startByOthers("web");
      fake.mute("/tasks/exec-started", "/tasks/exit");
      await execByOthers("web", "more");
      fake.tasks.exit("web", { processId: "more", code: 4 });
      const pid = fake.tasks.pid("web", "more");
      fake.emit(taskEvent.exit("web", pid, { processId: "more", code: 4 }));
      fake.emit(taskEvent.execStarted("web", "more", pid));
      await events.until("exit web/more 4");
      await settled("web");
      assert.deepEqual(lives(events.of("web")).slice(2), [
        "exec-added web/more",
        "exec-started web/more",
        "exit web/more 4",
      ]);
    });
  });

  for (const whose of ["one's own", "others'"] as const) {
    it(`events() tells a start that the daemon does not, before the exit, of ${whose}`, async () => {
      await withFake(async ({ fake, events, start, startByOthers, settled }) => {
        fake.mute("/tasks/start");
        await (whose === "others'" ? startByOthers("web") : start("web"));
        fake.tasks.exit("web", { code: 3 });
        await events.until("exit web/init 3");
        await settled("web");
        assert.deepEqual(lives(events.of("web")), ["create web", "start web", "exit web/init 3"]);
      });
    });

    it(`events() tells a further process's start that the daemon does not, of ${whose}`, async () => {
      await withFake(async (setting) => {
        const { fake, events, settled } = setting;
        const isOthers = whose === "others'";
        await (isOthers ? setting.startByOthers("web") : setting.start("web"));
        fake.mute("/tasks/exec-started", "/tasks/exec-added");
        await (isOthers ? setting.execByOthers("web", "more") : setting.exec("web", "more"));
        fake.tasks.exit("web", { processId: "more", code: 4 });
        await events.until("exit web/more 4");
        await settled("web");
        const told = lives(events.of("web")).slice(2);
        assert.deepEqual(told.filter((line) => line.startsWith("exit")), ["exit web/more 4"]);
        const started = told.indexOf("exec-started web/more");
        // Of others' processes that are unknown, an exit is all that can be told.
        if (!isOthers) assert.ok(started >= 0 && started < told.indexOf("exit web/more 4"));
      });
    });
  }

  it("events() tells an exit that the daemon never tells, of a process of one's own", async () => {
    await withFake(async ({ fake, events, start, exec, settled }) => {
      const task = await start("web");
      const more = await exec("web", "more");
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { processId: "more", code: 4 });
      const status = await more.wait();
      assert.equal(status.state === "exited" && status.code, 4);
      await events.until("exit web/more 4");
      fake.tasks.exit("web", { code: 5 });
      await task.wait();
      await events.until("exit web/init 5");
      // Late, after all.
      fake.emit(taskEvent.exit("web", task.pid, { code: 5 }));
      fake.emit(taskEvent.exit("web", more.pid, { processId: "more", code: 4 }));
      await settled("web");
      assert.deepEqual(
        lives(events.of("web")).filter((line) => line.startsWith("exit")),
        ["exit web/more 4", "exit web/init 5"],
      );
    });
  });

  it("events() tells an exit that the daemon does not, when the task is deleted", async () => {
    await withFake(async ({ fake, events, others, startByOthers }) => {
      await startByOthers("web");
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { code: 6 });
      await others.delete({ containerId: "web" });
      await events.until("delete web/init");
      assert.deepEqual(lives(events.of("web")), [
        "create web",
        "start web",
        "exit web/init 6",
        "delete web/init",
      ]);
    });
  });

  it("events() tells no exit of a task that was never started", async () => {
    await withFake(async ({ fake, events, others, startByOthers }) => {
      await others.create({ containerId: "web" });
      fake.tasks.remove("web");
      await events.until("delete web/init");
      // One of another container, behind it.
      await startByOthers("two");
      await events.until("start two");
      assert.deepEqual(events.of("web"), ["create web", "delete web/init"]);
    });
  });

  it("events() keeps the order of each of many containers", async () => {
    await withFake(async ({ fake, events, others }) => {
      const ids = Array.from({ length: 50 }, (_, i) => `c${i}`);
      await Promise.all(ids.map(async (containerId) => {
        await others.create({ containerId });
        await others.start({ containerId });
        fake.tasks.exit(containerId, { code: 1 });
        await others.delete({ containerId });
      }));
      await events.holds(
        "all deletions",
        () => ids.every((id) => events.lines.includes(`delete ${id}/init`)),
      );
      for (const id of ids) {
        assert.deepEqual(events.of(id), [
          `create ${id}`,
          `start ${id}`,
          `exit ${id}/init 1`,
          `delete ${id}/init`,
        ]);
      }
    });
  });
});
