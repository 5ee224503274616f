import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { taskEvent } from "../faults/task-event.ts";
import { type FakeSetting, withFake } from "./support/with-fake.ts";

const exits = (lines: readonly string[]) => lines.filter((line) => line.startsWith("exit"));

/** A container of somebody else, with a further process, whose exits are not told by themselves. */
async function withExec(
  test: (setting: FakeSetting & { readonly morePid: number }) => Promise<void>,
): Promise<void> {
  await withFake(async (setting) => {
    await setting.startByOthers("web");
    await setting.execByOthers("web", "more");
    await setting.settled("web");
    await test({ ...setting, morePid: setting.fake.tasks.pid("web", "more") });
  });
}

describe("events() and further processes", () => {
  it("events() tells an exit that comes after that of the first process", async () => {
    await withExec(async ({ fake, events, settled, morePid }) => {
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { code: 3 });
      fake.tasks.exit("web", { processId: "more", code: 137 });
      fake.emit(taskEvent.exit("web", fake.tasks.pid("web"), { code: 3 }));
      fake.emit(taskEvent.exit("web", morePid, { processId: "more", code: 137 }));
      await events.until("exit web/init 3");
      await events.until("exit web/more 137");
      await settled("web");
      assert.equal(exits(events.lines).length, 2);
    });
  });

  it("events() tells an exit that the daemon does not, once the first process has ended", async () => {
    await withExec(async ({ fake, events, settled, morePid }) => {
      fake.mute("/tasks/exit");
      // The kernel ends it with the first one; its record tells how.
      fake.tasks.exit("web", { processId: "more", code: 137 });
      fake.unmute("/tasks/exit");
      fake.tasks.exit("web", { code: 3 });
      await events.until("exit web/init 3");
      await events.until("exit web/more 137");
      fake.emit(taskEvent.exit("web", morePid, { processId: "more", code: 137 }));
      await settled("web");
      assert.equal(exits(events.lines).length, 2);
    });
  });

  it("events() tells an exit of a record that is gone, once the first process has ended", async () => {
    await withExec(async ({ fake, events, settled, morePid }) => {
      fake.tasks.lose("web", "more");
      fake.tasks.exit("web", { code: 3 });
      await events.until("exit web/init 3");
      await events.until("exit web/more lost");
      fake.emit(taskEvent.exit("web", morePid, { processId: "more", code: 137 }));
      await settled("web");
      assert.equal(exits(events.lines).length, 2);
    });
  });

  it("events() tells an exit that the daemon does not before the deletion of the task", async () => {
    await withExec(async ({ fake, events, others, startByOthers, morePid }) => {
      fake.tasks.exit("web", { code: 3 });
      await others.delete({ containerId: "web" });
      await events.until("delete web/init");
      fake.emit(taskEvent.exit("web", morePid, { processId: "more", code: 137 }));
      await startByOthers("two");
      await events.until("start two");
      const lines = events.of("web").filter((line) => !line.startsWith("checkpointed"));
      assert.equal(lines.at(-1), "delete web/init");
      assert.deepEqual(
        exits(lines).map((line) => line.split(" ")[1]).sort(),
        ["web/init", "web/more"],
      );
    });
  });

  it("events() tells no exit of a further process that was never started", async () => {
    await withFake(async ({ fake, events, others, startByOthers }) => {
      await startByOthers("web");
      await others.exec({ containerId: "web", execId: "more" });
      await others.deleteProcess({ containerId: "web", execId: "more" });
      await others.exec({ containerId: "web", execId: "other" });
      fake.tasks.exit("web", { code: 3 });
      await others.delete({ containerId: "web" });
      await events.until("delete web/init");
      assert.deepEqual(exits(events.lines), ["exit web/init 3"]);
    });
  });

  it("exec() whose exit is never told settles wait() once the container is gone", async () => {
    await withFake(async ({ fake, events, start, exec, settled }) => {
      const task = await start("web");
      const more = await exec("web", "more");
      const waiting = more.wait();
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { code: 3 });
      fake.emit(taskEvent.exit("web", task.pid, { code: 3 }));
      await events.until("exit web/init 3");
      // Its record is there, and says that it runs, until the task is deleted.
      await task.delete();
      const status = await waiting;
      assert.notEqual(status.state === "exited" && status.code, 0);
      await events.until("delete web/init");
      await settled("web");
      assert.deepEqual(
        exits(events.lines).map((line) => line.split(" ")[1]).sort(),
        ["web/init", "web/more"],
      );
    });
  });
});
