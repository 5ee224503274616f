import { create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FakeEvent, taskEvent } from "../faults/task-event.ts";
import { withFake } from "./support/with-fake.ts";

function eventOf(topic: string, typeUrl: string, value: Uint8Array): FakeEvent {
  return { topic, event: create(AnySchema, { typeUrl, value }), timestamp: new Date() };
}

// A length that goes beyond the end.
const garbage = new Uint8Array([0x0a, 0x7f, 0x01]);

/** Events that no client can read. */
const unreadable: Readonly<Record<string, FakeEvent>> = {
  "of an unknown topic": eventOf("/tasks/unheard-of", "containerd.events.TaskExit", garbage),
  "of another type than its topic": { ...taskEvent.create("web", 1), topic: "/tasks/exit" },
  "of an unknown type": eventOf("/tasks/exit", "example.Unheard", garbage),
  "without a type": eventOf("/tasks/exit", "", new Uint8Array()),
  "that is garbage": eventOf("/tasks/exit", "containerd.events.TaskExit", garbage),
  "whose topic is that of an object": eventOf("/tasks/../constructor", "x", garbage),
};

describe("events() and what is strange", () => {
  it("events() tells of containers that the client does not know", async () => {
    await withFake(async ({ fake, events }) => {
      // No record, no task: the daemon tells of it, and denies it when it is asked.
      fake.emit(
        taskEvent.create("ghost", 7),
        taskEvent.start("ghost", 7),
        taskEvent.exit("ghost", 7, { code: 2 }),
        taskEvent.delete("ghost", 7),
      );
      await events.until("delete ghost/init");
      assert.deepEqual(events.lines, [
        "create ghost",
        "start ghost",
        "exit ghost/init 2",
        "delete ghost/init",
      ]);
    });
  });

  it("events() tells the end alone of a container of which nothing else was told", async () => {
    await withFake(async ({ fake, events }) => {
      fake.emit(taskEvent.exit("ghost", 7, { code: 2 }));
      await events.until("exit ghost/init 2");
      fake.emit(taskEvent.exit("ghost", 7, { code: 2 }), taskEvent.delete("ghost", 7));
      await events.until("delete ghost/init");
      assert.equal(events.lines.filter((line) => line.startsWith("exit")).length, 1);
      assert.equal(events.lines.filter((line) => line.startsWith("delete")).length, 1);
    });
  });

  it("events() tells nothing of other namespaces, nor of other things than tasks", async () => {
    await withFake(async ({ fake, events, startByOthers }) => {
      fake.emitIn("other", taskEvent.create("web", 1), taskEvent.start("web", 1));
      fake.emit({ ...taskEvent.create("web", 1), topic: "/containers/create" });
      await startByOthers("own");
      await events.until("start own");
      assert.deepEqual(events.lines, ["create own", "start own"]);
    });
  });

  for (const [name, event] of Object.entries(unreadable)) {
    it(`events() passes over an event ${name}`, async () => {
      await withFake(async ({ fake, events, startByOthers }) => {
        await startByOthers("web");
        fake.emit(event);
        await startByOthers("two");
        await events.until("start two");
        // What cannot be decoded may have been anything: then it is right to ask what there is.
        const lines = [...events.of("web"), ...events.of("two")];
        assert.deepEqual(lines.map((line) => line.replace(" (reconciled)", "")), [
          "create web",
          "start web",
          "create two",
          "start two",
        ]);
      });
    });
  }

  it("events() ends with its signal or its client, whatever the daemon does", async () => {
    await withFake(async ({ fake, client, events }) => {
      const controller = new AbortController();
      const stream = client.events({ signal: controller.signal });
      await stream.ready;
      const read = async () => {
        const types: string[] = [];
        for await (const event of stream) types.push(event.type);
        return types;
      };
      const reading = read();
      await fake.stop();
      await events.until("disconnected");
      controller.abort();
      assert.deepEqual(await reading, ["disconnected"]);
      await events[Symbol.asyncDispose]();
      assert.deepEqual(events.lines, ["disconnected"]);
    });
  });
});
