import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import type { DescService } from "@bufbuild/protobuf";
import { grpc } from "../../plugins/grpc/mod.ts";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { Health } from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { eventually } from "../helpers/eventually.ts";
import { rejection } from "../helpers/rejection.ts";
import { FakeContainerd } from "./fake-containerd.ts";
import { taskEvent } from "./task-event.ts";

const id = { containerId: "web" };

interface Setting {
  readonly fake: FakeContainerd;
  readonly tasks: Client<typeof Tasks>;
  service<S extends DescService>(service: S): Client<S>;
}

async function withFake(test: (setting: Setting) => Promise<void>): Promise<void> {
  const fake = await FakeContainerd.start();
  const rpc = await grpc({ address: fake.address })();
  const service = <S extends DescService>(service: S) => createClient(service, rpc.transport);
  try {
    await test({ fake, tasks: service(Tasks), service });
  } finally {
    await rpc[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  }
  assert.ok(!existsSync(fake.path));
}

/** Subscribes; gives the topics, of which more come, and how the subscription ends. */
async function subscribe({ fake, service }: Setting, filters: readonly string[] = []) {
  const topics: string[] = [];
  const before = fake.subscriptions;
  const read = async () => {
    for await (const { topic } of service(Events).subscribe({ filters: [...filters] })) {
      topics.push(topic);
    }
  };
  const ended = read().then(() => "in order", (error: unknown) => error);
  await eventually("it is subscribed", () => fake.subscriptions > before);
  return { topics, ended };
}

function codeOf(error: unknown): Code | undefined {
  return error instanceof ConnectError ? error.code : undefined;
}

describe("FakeContainerd", () => {
  it("start() serves version, health, records and tasks", async () => {
    await withFake(async ({ tasks, service }) => {
      assert.equal((await service(Version).version({})).version, "v0.0.0-fake");
      assert.equal((await service(Health).check({})).status, 1);
      const containers = service(Containers);
      await containers.create({ container: { id: "web", labels: { a: "b" } } });
      assert.equal(
        codeOf(await rejection(containers.create({ container: { id: "web" } }))),
        Code.AlreadyExists,
      );
      assert.deepEqual((await containers.get({ id: "web" })).container?.labels, { a: "b" });
      assert.equal((await containers.list({})).containers.length, 1);
      const { pid } = await tasks.create(id);
      assert.deepEqual(await tasks.start(id).then((answer) => answer.pid), pid);
      const [task] = (await tasks.list({})).tasks;
      assert.deepEqual([task?.id, task?.pid, task?.status], ["web", pid, Status.RUNNING]);
      await containers.delete({ id: "web" });
      assert.equal(codeOf(await rejection(containers.get({ id: "web" }))), Code.NotFound);
    });
  });

  it("tasks tell their lives, to those whose filters let it pass", async () => {
    await withFake(async (setting) => {
      const { fake, tasks } = setting;
      const all = await subscribe(setting, ['namespace=="default",topic~=|^/tasks/|']);
      const none = await subscribe(setting, ['namespace=="other"']);
      await tasks.create(id);
      await tasks.start(id);
      await tasks.exec({ ...id, execId: "more" });
      await tasks.start({ ...id, execId: "more" });
      await tasks.pause(id);
      await tasks.resume(id);
      const exited = tasks.wait({ ...id, execId: "more" });
      fake.tasks.exit("web", { processId: "more", code: 7 });
      assert.equal((await exited).exitStatus, 7);
      assert.equal((await tasks.deleteProcess({ ...id, execId: "more" })).exitStatus, 7);
      assert.equal(codeOf(await rejection(tasks.delete(id))), Code.FailedPrecondition);
      await tasks.kill({ ...id, signal: 9 });
      assert.equal((await tasks.wait(id)).exitStatus, 137);
      assert.equal((await tasks.delete(id)).exitStatus, 137);
      assert.equal(codeOf(await rejection(tasks.get(id))), Code.NotFound);
      await eventually("all is told", () => all.topics.at(-1) === "/tasks/delete");
      assert.deepEqual(all.topics.map((topic) => topic.slice("/tasks/".length)), [
        "create",
        "start",
        "exec-added",
        "exec-started",
        "paused",
        "resumed",
        "exit",
        "exit",
        "delete",
      ]);
      assert.deepEqual(none.topics, []);
    });
  });

  it("mute() lets a thing happen that is not told, and emit() tells one that did not", async () => {
    await withFake(async (setting) => {
      const { fake, tasks } = setting;
      const { topics } = await subscribe(setting);
      fake.mute("/tasks/create");
      const { pid } = await tasks.create(id);
      fake.emit(taskEvent.oom("web"), taskEvent.exit("web", pid));
      fake.unmute("/tasks/create");
      await tasks.create({ containerId: "two" });
      await eventually("all is told", () => topics.at(-1) === "/tasks/create");
      assert.deepEqual(topics, ["/tasks/oom", "/tasks/exit", "/tasks/create"]);
    });
  });

  it("hold() stops a call before it does anything, or before its answer", async () => {
    await withFake(async ({ fake, tasks }) => {
      for (const position of ["before", "after"] as const) {
        const containerId = position;
        const held = fake.hold("Tasks/Create", position);
        const answer = tasks.create({ containerId });
        await held.arrived;
        const { tasks: known } = await tasks.list({});
        assert.equal(known.some((task) => task.id === containerId), position === "after");
        held.release();
        assert.ok((await answer).pid > 0);
      }
    });
  });

  it("hold() of a subscription lets it miss what happens before it is let go", async () => {
    await withFake(async (setting) => {
      const { fake, tasks } = setting;
      const held = fake.hold("Events/Subscribe", "before");
      const subscribed = subscribe(setting);
      await held.arrived;
      assert.equal(fake.subscriptions, 0);
      await tasks.create(id);
      held.release();
      const { topics } = await subscribed;
      await tasks.start(id);
      await eventually("the second is told", () => topics.length > 0);
      assert.deepEqual(topics, ["/tasks/start"]);
    });
  });

  it("fail() fails so many calls, with a code, before they do anything", async () => {
    await withFake(async ({ fake, tasks }) => {
      fake.fail("Tasks/Create", { code: Code.Internal, message: "no", times: 2 });
      for (let i = 0; i < 2; i++) {
        assert.equal(codeOf(await rejection(tasks.create(id))), Code.Internal);
      }
      await tasks.create(id);
      fake.fail("Tasks/Start", { times: Infinity });
      assert.equal(codeOf(await rejection(tasks.start(id))), Code.Unavailable);
      fake.unfail("Tasks/Start");
      await tasks.start(id);
    });
  });

  it("endSubscriptions() ends them, and keeps the connection", async () => {
    await withFake(async (setting) => {
      const { fake } = setting;
      const one = await subscribe(setting);
      fake.endSubscriptions();
      assert.equal(await one.ended, "in order");
      const two = await subscribe(setting);
      fake.endSubscriptions(new ConnectError("going", Code.Canceled));
      assert.equal(codeOf(await two.ended), Code.Canceled);
      assert.equal(fake.subscriptions, 0);
    });
  });

  it("resetStreams() ends calls as a daemon that is killed", async () => {
    await withFake(async (setting) => {
      const { ended } = await subscribe(setting);
      setting.fake.resetStreams();
      assert.ok(codeOf(await ended) !== undefined);
      await eventually("the daemon knows", () => setting.fake.subscriptions === 0);
      await setting.service(Version).version({});
    });
  });

  it("restart() breaks everything off; what it knows is kept or lost", async () => {
    await withFake(async (setting) => {
      const { fake, tasks } = setting;
      await tasks.create(id);
      for (const state of ["kept", "lost"] as const) {
        const { ended } = await subscribe(setting);
        const waiting = rejection(tasks.wait(id));
        await eventually("it waits", () => fake.subscriptions === 1);
        await fake.restart({
          state,
          meanwhile: () => assert.ok(!existsSync(fake.path)),
        });
        assert.ok(codeOf(await ended) !== undefined);
        assert.ok(codeOf(await waiting) !== undefined);
        assert.equal((await tasks.list({})).tasks.length, state === "kept" ? 1 : 0);
      }
    });
  });
});
