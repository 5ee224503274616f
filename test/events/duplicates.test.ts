import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FakeEvent, taskEvent } from "../faults/task-event.ts";
import { withFake } from "./support/with-fake.ts";

const isMark = (line: string) => line.startsWith("checkpointed");

describe("events() tells everything once", () => {
  it("events() drops every event that the daemon tells twice", async () => {
    await withFake(async ({ fake, events, others, settled }) => {
      // Each as it was, with its own time.
      const twice = (...told: readonly FakeEvent[]) => fake.emit(...told, ...told);
      fake.mute(
        ...["create", "start", "exit", "paused", "resumed"].map((name) => `/tasks/${name}`),
      );
      fake.mute("/tasks/exec-added", "/tasks/exec-started", "/tasks/delete");
      const containerId = "web";
      const { pid } = await others.create({ containerId });
      twice(taskEvent.create("web", pid));
      await others.start({ containerId });
      twice(taskEvent.start("web", pid));
      await others.exec({ containerId, execId: "more" });
      twice(taskEvent.execAdded("web", "more"));
      const { pid: morePid } = await others.start({ containerId, execId: "more" });
      twice(taskEvent.execStarted("web", "more", morePid));
      await others.pause({ containerId });
      twice(taskEvent.paused("web"));
      await others.resume({ containerId });
      twice(taskEvent.resumed("web"));
      fake.tasks.exit("web", { processId: "more", code: 4 });
      twice(taskEvent.exit("web", morePid, { processId: "more", code: 4 }));
      fake.tasks.exit("web", { code: 3 });
      twice(taskEvent.exit("web", pid, { code: 3 }));
      await settled("web");
      await others.delete({ containerId });
      twice(taskEvent.delete("web", pid, { code: 3 }));
      await events.until("delete web/init");
      // What follows is told after what came before it.
      fake.unmute("/tasks/create");
      await others.create({ containerId });
      await events.until("create web", { times: 2 });
      assert.deepEqual(events.of("web").filter((line) => !isMark(line)), [
        "create web",
        "start web",
        "exec-added web/more",
        "exec-started web/more",
        "paused web",
        "resumed web",
        "exit web/more 4",
        "exit web/init 3",
        "delete web/init",
        "create web",
      ]);
    });
  });

  it("events() drops an exit that comes again after the deletion, or in the next task", async () => {
    await withFake(async ({ fake, events, others, startByOthers, settled }) => {
      await startByOthers("web");
      const pid = fake.tasks.pid("web");
      const again = taskEvent.exit("web", pid, { code: 3 });
      const before = [taskEvent.start("web", pid), taskEvent.delete("web", pid)];
      fake.tasks.exit("web", { code: 3 });
      await others.delete({ containerId: "web" });
      await events.until("delete web/init");
      fake.emit(again);
      await startByOthers("web");
      fake.emit(again, ...before);
      await settled("web");
      assert.deepEqual(events.of("web").filter((line) => !isMark(line)), [
        "create web",
        "start web",
        "exit web/init 3",
        "delete web/init",
        "create web",
        "start web",
      ]);
      fake.tasks.exit("web", { code: 4 });
      await events.until("exit web/init 4");
    });
  });

  it("events() tells the exits of two containers that had the same process id", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      fake.tasks.nextPid = 500;
      await startByOthers("one");
      fake.tasks.exit("one", { code: 1 });
      fake.tasks.nextPid = 500;
      await startByOthers("two");
      assert.equal(fake.tasks.pid("two"), 500);
      // The first one's again, while the second one runs.
      fake.emit(taskEvent.exit("one", 500, { code: 1 }));
      await settled("two");
      assert.deepEqual(events.of("two"), ["create two", "start two", "checkpointed two"]);
      fake.tasks.exit("two", { code: 2 });
      await events.until("exit two/init 2");
      await settled("one");
      assert.deepEqual(
        events.lines.filter((line) => line.startsWith("exit")),
        ["exit one/init 1", "exit two/init 2"],
      );
    });
  });

  it("events() tells the exits of two processes of a container that had the same process id", async () => {
    await withFake(async ({ fake, events, startByOthers, execByOthers, settled }) => {
      await startByOthers("web");
      for (const processId of ["one", "two"]) {
        fake.tasks.nextPid = 500;
        await execByOthers("web", processId);
        fake.tasks.exit("web", { processId, code: 7 });
        await events.until(`exit web/${processId} 7`);
      }
      await settled("web");
      assert.deepEqual(
        events.lines.filter((line) => line.startsWith("exit")),
        ["exit web/one 7", "exit web/two 7"],
      );
    });
  });

  it("events() tells the next task of an id, even with the process id of the one before", async () => {
    await withFake(async ({ fake, events, others, startByOthers }) => {
      for (const code of [1, 2]) {
        fake.tasks.nextPid = 500;
        await startByOthers("web");
        fake.tasks.exit("web", { code });
        await others.delete({ containerId: "web" });
      }
      await events.until("delete web/init", { times: 2 });
      assert.deepEqual(events.of("web"), [
        "create web",
        "start web",
        "exit web/init 1",
        "delete web/init",
        "create web",
        "start web",
        "exit web/init 2",
        "delete web/init",
      ]);
    });
  });

  it("events() tells the next process of an id, and not the end of the one before again", async () => {
    await withFake(async ({ fake, events, others, startByOthers, execByOthers, settled }) => {
      await startByOthers("web");
      await execByOthers("web", "more");
      const exit = taskEvent.exit("web", fake.tasks.pid("web", "more"), {
        processId: "more",
        code: 1,
      });
      fake.tasks.exit("web", { processId: "more", code: 1 });
      await others.deleteProcess({ containerId: "web", execId: "more" });
      await execByOthers("web", "more");
      fake.emit(exit);
      await settled("web");
      fake.tasks.exit("web", { processId: "more", code: 2 });
      await events.until("exit web/more 2");
      await settled("web");
      assert.deepEqual(events.of("web").filter((line) => !isMark(line)).slice(2), [
        "exec-added web/more",
        "exec-started web/more",
        "exit web/more 1",
        "exec-added web/more",
        "exec-started web/more",
        "exit web/more 2",
      ]);
    });
  });

  it("events() tells an exit once to each of two streams", async () => {
    await withFake(async ({ fake, client, events, startByOthers, settled }) => {
      const other = client.events();
      const codes: number[] = [];
      const read = async () => {
        for await (const event of other) {
          if (event.type === "delete") return;
          if (event.type !== "exit" || event.status.state !== "exited") continue;
          codes.push(event.status.code);
        }
      };
      await other.ready;
      const reading = read();
      await startByOthers("web");
      const pid = fake.tasks.pid("web");
      fake.tasks.exit("web", { code: 3 });
      fake.emit(taskEvent.exit("web", pid, { code: 3 }));
      await settled("web");
      fake.tasks.remove("web");
      await reading;
      assert.deepEqual(codes, [3]);
      assert.equal(events.lines.filter((line) => line.startsWith("exit")).length, 1);
    });
  });
});
