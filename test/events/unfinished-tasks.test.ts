import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "@connectrpc/connect";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { taskEvent } from "../faults/task-event.ts";
import { rejection } from "../helpers/rejection.ts";
import { withFake } from "./support/with-fake.ts";

const shim = "io.containerd.runc.v2";
const spec = linuxSpec({ args: ["true"], rootfs: "/" });

/** What containerd says of a task whose container has no record. */
const noRecord = {
  code: Code.NotFound,
  message: 'container "web" in namespace "default": not found',
};

/** What a shim says that has no process: not yet, or no longer. */
const notCreated = { code: Code.NotFound, message: "container not created: not found" };

describe("tasks that are not finished", () => {
  it("start() leaves no task behind whose container was removed meanwhile", async () => {
    await withFake(async ({ fake, client, others }) => {
      await client.create("web", spec, shim);
      const starting = fake.hold("Tasks/Start", "before");
      const failed = rejection(client.start("web"));
      await starting.arrived;
      fake.records.clear();
      for (const method of ["Tasks/Start", "Tasks/Get", "Tasks/Delete"] as const) {
        fake.fail(method, noRecord);
      }
      starting.release();
      assert.equal((await failed as { readonly code?: string }).code, "not_found");
      assert.deepEqual((await others.list({})).tasks, []);
      // Nor the record that it took to remove it.
      for await (const { id } of client.listContainers()) assert.fail(`container "${id}" is left`);
    });
  });

  it("delete() with force waits for a task that another client is making, and removes it", async () => {
    await withFake(async ({ fake, client, others, startByOthers }) => {
      await client.create("web", spec, shim);
      await startByOthers("web");
      fake.fail("Tasks/Get", { ...notCreated, times: 3 });
      await client.delete("web", { force: true });
      assert.deepEqual((await others.list({})).tasks, []);
    });
  });

  it("delete() without force refuses while another client is making a task", async () => {
    await withFake(async ({ fake, client }) => {
      await client.create("web", spec, shim);
      fake.fail("Tasks/Get", notCreated);
      const error = await rejection(client.delete("web"));
      assert.equal((error as { readonly code?: string }).code, "failed_precondition");
      await client.delete("web");
    });
  });

  it("delete() with force ends a shim whose task was deleted by half", async () => {
    await withFake(async ({ fake, client, others }) => {
      await client.create("web", spec, shim);
      await others.create({ containerId: "web" });
      fake.tasks.exit("web", { code: 1 });
      fake.fail("Tasks/Get", { ...notCreated, times: Infinity });
      const ended = fake.hold("Tasks/Delete", "after");
      const deleted = client.delete("web", { force: true });
      await ended.arrived;
      fake.unfail("Tasks/Get");
      ended.release();
      await deleted;
      assert.deepEqual((await others.list({})).tasks, []);
    });
  });

  it("events() tells no end of a task that was removed before it was started", async () => {
    await withFake(async ({ fake, events, others }) => {
      const { pid } = await others.create({ containerId: "web" });
      // Go's zero time, or none.
      fake.emit(taskEvent.delete("web", pid, { code: 0, exitedAt: new Date("0001-01-01") }));
      await events.until("delete web/init");
      assert.deepEqual(events.lines, ["create web", "delete web/init"]);
    });
  });

  it("events() tells the end that wait() was told, not the one of a shim that was killed after", async () => {
    await withFake(async ({ fake, events, start }) => {
      const task = await start("web");
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { code: 7 });
      const status = await task.wait();
      assert.equal(status.state === "exited" && status.code, 7);
      fake.emit(taskEvent.exit("web", task.pid, { code: 137 }));
      await events.until("exit web/init");
      assert.equal(events.of("web").at(-1), "exit web/init 7");
    });
  });

  it("events() tells nothing of a task that could not be made, and never had a process", async () => {
    await withFake(async ({ fake, events, settled }) => {
      fake.emit(taskEvent.exit("web", 0, { code: 255 }), taskEvent.delete("web", 0, { code: 255 }));
      await settled("web");
      assert.deepEqual(events.lines, ["checkpointed web"]);
    });
  });

  it("events() tells an end as lost of which containerd knows nothing, of the process it was", async () => {
    await withFake(async ({ fake, events, start }) => {
      const { pid } = await start("web");
      fake.emit(taskEvent.exit("web", 0, { code: 255 }));
      await events.until("exit web/init lost (lost)");
      const [exit] = events.all.filter(({ type }) => type === "exit");
      assert.equal(exit?.type === "exit" && exit.pid, pid);
    });
  });
});
