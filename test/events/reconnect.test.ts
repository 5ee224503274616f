import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import type { FakeContainerd } from "../faults/fake-containerd.ts";
import { taskEvent } from "../faults/task-event.ts";
import { eventually } from "../helpers/eventually.ts";
import { rejection } from "../helpers/rejection.ts";
import { openFake, withFake } from "./support/with-fake.ts";

/** Ways in which a subscription breaks while the daemon, or the next one, goes on. */
const breaks: Readonly<Record<string, (fake: FakeContainerd) => Promise<void> | void>> = {
  "streams that are reset with CANCEL": (fake) => fake.resetStreams(),
  "an error Canceled of the daemon": (fake) =>
    fake.endSubscriptions(new ConnectError("context canceled", Code.Canceled)),
  "an error Unavailable of the daemon": (fake) =>
    fake.endSubscriptions(new ConnectError("transport is closing", Code.Unavailable)),
  "an error PermissionDenied of the daemon": (fake) =>
    fake.endSubscriptions(new ConnectError("no", Code.PermissionDenied)),
  "an end without an error": (fake) => fake.endSubscriptions(),
  "a connection that is broken off": (fake) => fake.dropConnections(),
  "a daemon that is started again": (fake) => fake.restart({ state: "kept" }),
};

const isStream = (line: string) => ["connected", "disconnected", "gap"].includes(line);

describe("events() after a break", () => {
  for (const [name, doBreak] of Object.entries(breaks)) {
    it(`events() goes on after ${name}`, async () => {
      await withFake(async ({ fake, events, start, settled }) => {
        const task = await start("web");
        await settled("web");
        for (let times = 1; times <= 3; times++) {
          await doBreak(fake);
          await events.until("connected", { times });
          await settled("web");
        }
        fake.tasks.exit("web", { code: 3 });
        await events.until("exit web/init 3");
        const status = await task.wait();
        assert.equal(status.state === "exited" && status.code, 3);
        await settled("web");
        assert.deepEqual(events.lines.filter((line) => !line.startsWith("checkpointed")), [
          "create web",
          "start web",
          ...["disconnected", "connected"],
          ...["disconnected", "connected"],
          ...["disconnected", "connected"],
          "exit web/init 3",
        ]);
      });
    });
  }

  it("events() says connected once after several attempts, and before what was missed", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      await startByOthers("web");
      await settled("web");
      fake.fail("Events/Subscribe", { times: 3 });
      fake.fail("Events/Publish", { code: Code.Internal, times: 2 });
      fake.tasks.exit("web", { code: 3 });
      await events.until("exit web/init 3");
      await fake.restart({ state: "kept", meanwhile: () => void fake.tasks.remove("web") });
      await events.until("delete web/init");
      assert.deepEqual(events.lines.slice(-3), [
        "disconnected",
        "connected",
        "delete web/init (reconciled)",
      ]);
      assert.deepEqual(events.lines.filter(isStream), ["disconnected", "connected"]);
    });
  });

  it("events() tells what happened meanwhile: an exit of a task that is there", async () => {
    await withFake(async ({ fake, events, start, startByOthers, settled }) => {
      const task = await start("web");
      await startByOthers("two");
      await settled("two");
      await fake.restart({
        state: "kept",
        meanwhile: () => {
          fake.tasks.exit("web", { code: 4 });
          fake.tasks.exit("two", { code: 5 });
        },
      });
      await events.until("exit web/init 4");
      await events.until("exit two/init 5");
      const status = await task.wait();
      assert.equal(status.state === "exited" && status.code, 4);
      // As containerd 1.6 does, that tells it once more.
      fake.emit(taskEvent.exit("web", task.pid, { code: 4 }));
      fake.emit(taskEvent.exit("two", fake.tasks.pid("two"), { code: 5 }));
      await settled("web");
      await settled("two");
      const missed = events.lines.filter((line) => line.startsWith("exit"));
      assert.deepEqual(missed.toSorted(), [
        "exit two/init 5 (reconciled)",
        "exit web/init 4 (reconciled)",
      ]);
      assert.ok(events.lines.indexOf("connected") < events.lines.indexOf(missed[0] ?? ""));
    });
  });

  it("events() tells what happened meanwhile: an exit of a task that is gone", async () => {
    await withFake(async ({ fake, events, start, startByOthers }) => {
      const task = await start("web");
      await startByOthers("two");
      await events.until("start two");
      await fake.restart({
        state: "kept",
        meanwhile: () => {
          fake.tasks.lose("web");
          fake.tasks.lose("two");
        },
      });
      await events.until("delete web/init");
      await events.until("delete two/init");
      for (const id of ["web", "two"]) {
        assert.deepEqual(events.of(id), [
          `create ${id}`,
          `start ${id}`,
          `exit ${id}/init lost (lost)`,
          `delete ${id}/init (reconciled)`,
        ]);
      }
      assert.equal((await task.wait()).state, "lost");
    });
  });

  it("events() takes a code that wait() knows for an exit of a task that is gone", async () => {
    await withFake(async ({ fake, events, start }) => {
      const task = await start("web");
      await events.until("start web");
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { code: 6 });
      const status = await task.wait();
      assert.equal(status.state === "exited" && status.code, 6);
      await fake.restart({ state: "lost" });
      await events.until("delete web/init");
      assert.deepEqual(events.of("web").filter((line) => line.startsWith("exit")).length, 1);
      assert.ok(events.of("web").some((line) => line.startsWith("exit web/init 6")));
    });
  });

  it("events() waits for a code that a handle is about to tell, of a task that is gone", async () => {
    await withFake(async ({ fake, events, start }) => {
      const task = await start("web");
      await events.until("start web");
      fake.mute("/tasks/exit", "/tasks/delete");
      // The handle knows how it ended, and asks whether that was for want of memory.
      const question = fake.hold("Tasks/Metrics", "before");
      fake.tasks.exit("web", { code: 137 });
      await question.arrived;
      fake.tasks.remove("web");
      const looks = () => fake.calls.filter((call) => call === "Tasks/Get").length;
      const before = looks();
      fake.endSubscriptions();
      await eventually("it is looked for", () => looks() > before);
      question.release();
      await events.until("delete web/init");
      assert.deepEqual(events.of("web").slice(2), [
        "exit web/init 137 (reconciled)",
        "delete web/init (reconciled)",
      ]);
      const status = await task.wait();
      assert.equal(status.state === "exited" && status.code, 137);
    });
  });

  for (const when of ["while it asks for it", "before it asks for it"]) {
    const name = "events() tells the deletion of a task of which it knows but further processes";
    it(`${name}, of a daemon that is gone ${when}`, async () => {
      await withFake(async ({ fake, events, startByOthers, execByOthers }) => {
        fake.mute("/tasks/create", "/tasks/start");
        await startByOthers("web");
        // What it is asked for is never answered.
        const question = fake.hold("Tasks/Get", "before");
        await execByOthers("web", "more");
        await execByOthers("web", "open");
        await events.until("exec-started web/open");
        fake.tasks.exit("web", { processId: "more", code: 4 });
        await events.until("exit web/more 4");
        if (when.startsWith("while")) await question.arrived;
        // The time at which it would ask passes meanwhile.
        await fake.restart({ state: "lost", meanwhile: () => sleep(300) });
        question.release();
        await events.until("delete web/init");
        assert.deepEqual(events.of("web"), [
          "exec-added web/more",
          "exec-started web/more",
          "exec-added web/open",
          "exec-started web/open",
          "exit web/more 4",
          "exit web/open lost (lost)",
          "delete web/init (reconciled)",
        ]);
      });
    });
  }

  it("events() tells the end of everything where the daemon has lost its state", async () => {
    await withFake(async ({ fake, events, start, exec }) => {
      const task = await start("web");
      const more = await exec("web", "more");
      await events.until("exec-started web/more");
      await fake.restart({ state: "lost" });
      await events.until("delete web/init");
      const told = events.of("web").slice(4);
      assert.deepEqual(told.toSorted(), [
        "delete web/init (reconciled)",
        "exit web/init lost (lost)",
        "exit web/more lost (lost)",
      ]);
      assert.equal(told.at(-1), "delete web/init (reconciled)");
      assert.equal((await task.wait()).state, "lost");
      assert.equal((await more.wait()).state, "lost");
    });
  });

  it("events() tells what happened meanwhile: further processes that ended, or are gone", async () => {
    await withFake(async ({ fake, events, startByOthers, execByOthers, settled }) => {
      await startByOthers("web");
      for (const id of ["ended", "gone", "goes-on"]) await execByOthers("web", id);
      await settled("web");
      await fake.restart({
        state: "kept",
        meanwhile: () => {
          fake.tasks.exit("web", { processId: "ended", code: 4 });
          fake.tasks.lose("web", "gone");
        },
      });
      await events.until("exit web/ended 4");
      await events.until("exit web/gone lost");
      await settled("web");
      fake.tasks.exit("web", { processId: "goes-on", code: 5 });
      await events.until("exit web/goes-on 5");
      await settled("web");
      assert.deepEqual(events.lines.filter((line) => line.startsWith("exit")).toSorted(), [
        "exit web/ended 4 (reconciled)",
        "exit web/goes-on 5",
        "exit web/gone lost (lost)",
      ]);
    });
  });

  it("events() tells what happened meanwhile: tasks that were created, started, frozen", async () => {
    await withFake(async ({ fake, events, others, startByOthers, settled }) => {
      for (const id of ["frozen", "thawed", "created"]) await others.create({ containerId: id });
      for (const containerId of ["frozen", "thawed"]) await others.start({ containerId });
      await others.pause({ containerId: "thawed" });
      await settled("thawed");
      // The events of this are lost, as those of a daemon are whose client is away.
      const topics = ["create", "start", "paused", "resumed"].map((name) => `/tasks/${name}`);
      fake.mute(...topics);
      await others.pause({ containerId: "frozen" });
      await others.resume({ containerId: "thawed" });
      await others.start({ containerId: "created" });
      await others.create({ containerId: "new" });
      await startByOthers("running");
      fake.unmute(...topics);
      await fake.restart({ state: "kept" });
      await events.until("start running");
      await events.until("create new");
      await events.until("start created");
      await events.until("paused frozen");
      await events.until("resumed thawed");
      const since = events.lines.slice(events.lines.indexOf("connected") + 1);
      assert.deepEqual(since.toSorted(), [
        "create new (reconciled)",
        "create running (reconciled)",
        "paused frozen (reconciled)",
        "resumed thawed (reconciled)",
        "start created (reconciled)",
        "start running (reconciled)",
      ]);
    });
  });

  it("events() tells what happened meanwhile: another task in place of one", async () => {
    await withFake(async ({ fake, events, others, startByOthers, settled }) => {
      await startByOthers("web");
      await settled("web");
      fake.mute("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete");
      fake.tasks.exit("web", { code: 3 });
      await others.delete({ containerId: "web" });
      await startByOthers("web");
      fake.unmute("/tasks/exit");
      await fake.restart({ state: "kept" });
      await events.until("start web", { times: 2 });
      await settled("web");
      fake.tasks.exit("web", { code: 4 });
      await events.until("exit web/init 4");
      assert.deepEqual(events.of("web").filter((line) => !line.startsWith("checkpointed")), [
        "create web",
        "start web",
        "exit web/init lost (lost)",
        "delete web/init (reconciled)",
        "create web (reconciled)",
        "start web (reconciled)",
        "exit web/init 4",
      ]);
    });
  });

  it("wait() takes no end of another task that was put in place of one meanwhile", async () => {
    await withFake(async ({ fake, others, start, startByOthers }) => {
      const task = await start("web");
      const held = [fake.hold("Tasks/Wait", "before"), fake.hold("Tasks/Get", "before")];
      await fake.dropConnections();
      await Promise.all(held.map(({ arrived }) => arrived));
      fake.mute("/tasks/exit");
      fake.tasks.exit("web", { code: 3 });
      await others.delete({ containerId: "web" });
      await startByOthers("web");
      assert.notEqual(fake.tasks.pid("web"), task.pid);
      for (const { release } of held) release();
      assert.equal((await task.wait()).state, "lost");
    });
  });

  for (const muted of [["exit", "delete"], ["start", "exit", "delete"]]) {
    it(`events() takes a code that wait() knew before start() was answered, without ${muted}`, async () => {
      await withFake(async ({ fake, client, events }) => {
        fake.mute(...muted.map((name) => `/tasks/${name}`));
        const spec = linuxSpec({ args: ["true"], rootfs: "/" });
        await client.create("web", spec, "io.containerd.runc.v2");
        const container = await (await client.runtime()).loadContainer("web");
        const task = await container.newTask();
        const held = fake.hold("Tasks/Start", "after");
        const starting = task.start();
        await held.arrived;
        fake.tasks.exit("web", { code: 3 });
        assert.equal((await task.wait()).state, "exited");
        held.release();
        await starting;
        await task.delete();
        await events.until("delete web/init");
        const lines = events.of("web").map((line) => line.replace(/ \(.*\)$/, ""));
        assert.deepEqual(lines, ["create web", "start web", "exit web/init 3", "delete web/init"]);
      });
    });
  }

  it("events() tells nothing of what was there before it, but its end", async () => {
    await withFake(async ({ fake, startByOthers, events }) => {
      await startByOthers("web");
      await startByOthers("two");
      const client = openFake(fake);
      try {
        const stream = client.events();
        const lines: string[] = [];
        await stream.ready;
        await fake.restart({ state: "kept", meanwhile: () => fake.tasks.exit("two", { code: 2 }) });
        await events.until("connected");
        fake.tasks.exit("web", { code: 1 });
        for await (const event of stream) {
          if ("containerId" in event) lines.push(`${event.type} ${event.containerId}`);
          if (lines.length === 2) break;
        }
        assert.deepEqual(lines.toSorted(), ["exit two", "exit web"]);
      } finally {
        await client[Symbol.asyncDispose]();
      }
    });
  });

  it("events() asks again where the daemon does not answer what it has", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      await startByOthers("web");
      await settled("web");
      await fake.restart({
        state: "kept",
        meanwhile: () => {
          fake.tasks.exit("web", { code: 4 });
          fake.fail("Tasks/List", { times: 3 });
        },
      });
      await events.until("exit web/init 4");
      await settled("web");
      assert.equal(events.lines.filter((line) => line.startsWith("exit")).length, 1);
    });
  });

  it("events() tells what happens while the daemon is asked what it has, once and in order", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      await startByOthers("web");
      await startByOthers("two");
      await settled("web");
      await settled("two");
      const held = fake.hold("Tasks/List", "after"); // an answer that is old when it comes
      await fake.restart({ state: "kept" });
      await held.arrived;
      fake.tasks.exit("web", { code: 4 });
      fake.tasks.exit("two", { code: 5 });
      fake.tasks.remove("two");
      await startByOthers("three");
      held.release();
      await events.until("exit web/init 4");
      await events.until("delete two/init");
      await events.until("start three");
      await settled("web");
      await settled("three");
      const since = (id: string) =>
        events.of(id).filter((line) => !line.startsWith("checkpointed")).map((line) =>
          line.replace(/ \(.*\)$/, "")
        );
      assert.deepEqual(since("web"), ["create web", "start web", "exit web/init 4"]);
      assert.deepEqual(since("two"), [
        "create two",
        "start two",
        "exit two/init 5",
        "delete two/init",
      ]);
      assert.deepEqual(since("three"), ["create three", "start three"]);
    });
  });

  for (const exit of ["told", "not told"] as const) {
    it(`events() tells the whole of a task that began unseen and is gone before it is asked for; its exit is ${exit}`, async () => {
      await withFake(async ({ fake, events, others, startByOthers, execByOthers }) => {
        const subscribe = fake.hold("Events/Subscribe", "before");
        const list = fake.hold("Tasks/List", "before");
        await fake.dropConnections();
        await subscribe.arrived;
        await startByOthers("web"); // told to nobody
        subscribe.release();
        await list.arrived;
        // Told at once: what is late for another reason is another test's.
        fake.mute("/tasks/exec-added", "/tasks/exec-started", "/tasks/exit", "/tasks/delete");
        await execByOthers("web", "more");
        const [pid, morePid] = [fake.tasks.pid("web"), fake.tasks.pid("web", "more")];
        fake.tasks.exit("web", { processId: "more", code: 4 });
        fake.tasks.exit("web", { code: 3 });
        await others.delete({ containerId: "web" });
        fake.emit(
          taskEvent.execAdded("web", "more"),
          taskEvent.execStarted("web", "more", morePid),
          taskEvent.exit("web", morePid, { processId: "more", code: 4 }),
          ...(exit === "told" ? [taskEvent.exit("web", pid, { code: 3 })] : []),
          taskEvent.delete("web", pid, { code: 3 }),
        );
        list.release();
        await events.until("delete web/init");
        await startByOthers("two");
        await events.until("start two");
        assert.deepEqual(events.of("web").map((line) => line.replace(/ \(.*\)$/, "")), [
          "create web",
          "start web",
          "exec-added web/more",
          "exec-started web/more",
          "exit web/more 4",
          "exit web/init 3",
          "delete web/init",
        ]);
      });
    });
  }

  it("events() tells the whole of a task of one's own that began and ended unseen", async () => {
    await withFake(async ({ fake, client, events, start }) => {
      const held = fake.hold("Events/Subscribe", "before");
      await fake.dropConnections();
      await held.arrived;
      const task = await start("web"); // told to nobody
      fake.tasks.exit("web", { code: 3 });
      await task.wait();
      await client.delete("web", { force: true });
      held.release();
      await events.until("delete web/init");
      assert.deepEqual(events.of("web").map((line) => line.replace(/ \(.*\)$/, "")), [
        "create web",
        "start web",
        "exit web/init 3",
        "delete web/init",
      ]);
    });
  });

  it("events() whose daemon is not there at first rejects; so does one that it refuses", async () => {
    await withFake(async ({ fake }) => {
      const client = openFake(fake);
      try {
        await client.version();
        fake.fail("Events/Subscribe", { code: Code.PermissionDenied, times: Infinity });
        const error = await rejection(client.events().ready);
        assert.equal((error as { readonly code?: string }).code, "permission_denied");
      } finally {
        await client[Symbol.asyncDispose]();
      }
    });
  });

  it("wait() never takes a broken connection for an end", async () => {
    await withFake(async ({ fake, events, start, exec }) => {
      const task = await start("web");
      const more = await exec("web", "more");
      let isOver = false;
      const waiting = Promise.all([task.wait(), more.wait()]).finally(() => isOver = true);
      let times = 0;
      for (const doBreak of Object.values(breaks)) {
        await doBreak(fake);
        await events.until("connected", { times: ++times });
        assert.equal(isOver, false);
      }
      fake.tasks.exit("web", { processId: "more", code: 4 });
      fake.tasks.exit("web", { code: 3 });
      const codes = (await waiting).map((status) => status.state === "exited" && status.code);
      assert.deepEqual(codes, [3, 4]);
    });
  });
});
