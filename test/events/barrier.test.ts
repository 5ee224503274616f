import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { RecordedEvents } from "./support/recorded-events.ts";
import { openFake, withFake } from "./support/with-fake.ts";

describe("events() is live when it says so", () => {
  it("ready waits until the daemon has taken the subscription in, however late", async () => {
    await withFake(async ({ fake, startByOthers }) => {
      const client = openFake(fake);
      try {
        await client.version();
        const held = fake.hold("Events/Subscribe", "before");
        const stream = client.events();
        let isReady = false;
        const ready = stream.ready.then(() => isReady = true);
        await held.arrived;
        const before = fake.published.length;
        // Each marker is lost, since nobody is subscribed.
        await eventually("markers are published", () => fake.published.length > before + 4);
        assert.equal(isReady, false);
        await startByOthers("early");
        held.release();
        await ready;
        await startByOthers("web");
        for await (const event of stream) {
          assert.ok("containerId" in event);
          // What was there before is no news.
          assert.deepEqual([event.type, event.containerId], ["create", "web"]);
          break;
        }
      } finally {
        await client[Symbol.asyncDispose]();
      }
    });
  });

  it("connected waits for it, too, and tells what happened before", async () => {
    await withFake(async ({ fake, events, startByOthers, settled }) => {
      await startByOthers("web");
      await settled("web");
      const held = fake.hold("Events/Subscribe", "before");
      await fake.dropConnections();
      await held.arrived;
      await events.until("disconnected");
      const before = fake.published.length;
      await eventually("markers are published", () => fake.published.length > before + 4);
      assert.ok(!events.lines.includes("connected"));
      fake.tasks.exit("web", { code: 3 }); // told to nobody
      held.release();
      await events.until("connected");
      await startByOthers("two");
      await events.until("exit web/init 3");
      await events.until("start two");
      assert.deepEqual(events.of("two").map((line) => line.split(" ")[0]), ["create", "start"]);
    });
  });

  it("nothing after ready is missed, time after time", async () => {
    await withFake(async ({ fake, others }) => {
      for (let i = 0; i < 40; i++) {
        const client = openFake(fake);
        try {
          const events = await RecordedEvents.open(client);
          const containerId = `c${i}`;
          await others.create({ containerId });
          await events.until(`create ${containerId}`);
          assert.deepEqual(events.lines, [`create ${containerId}`]);
          await events[Symbol.asyncDispose]();
        } finally {
          await client[Symbol.asyncDispose]();
        }
      }
      const markers = fake.published.filter((topic) => topic.startsWith("/libcontainerd/ready/"));
      assert.ok(new Set(markers).size > 40, "each subscription has a marker of its own");
    });
  });

  it("a marker is no event, not even of another client", async () => {
    await withFake(async ({ fake, events, startByOthers }) => {
      const client = openFake(fake);
      const own = await RecordedEvents.open(client);
      await startByOthers("web");
      await Promise.all([events, own].map((each) => each.until("start web")));
      assert.deepEqual(events.lines, ["create web", "start web"]);
      assert.deepEqual(own.lines, ["create web", "start web"]);
      await own[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
    });
  });
});
