import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { RecordedEvents } from "../events/support/recorded-events.ts";
import { assertLives } from "../faults/all-lives.ts";
import { Load } from "../faults/load.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { scale } from "../helpers/scale.ts";
import { connectTo } from "./bed.ts";

const kills = scale(4, 20);

describe(`containerd that is killed ${kills} times while containers come and go`, () => {
  let daemon: Daemon;
  let client: Client;
  const handled: string[] = [];
  const failures: unknown[] = [];

  before(async () => {
    daemon = await startDaemon();
    client = connectTo(daemon, {
      backend: { processEvent: (id, type) => void handled.push(`${type} ${id}`) },
      onError: (error) => void failures.push(error),
    });
  });
  after(async () => {
    await client?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });

  it("every process that is started ends once, after its start, and wait() knows how", async () => {
    const events = await RecordedEvents.open(client);
    const load = new Load(client, 3);
    const ends = () => events.lines.filter((line) => line.startsWith("exit")).length;
    try {
      for (let times = 1; times <= kills; times++) {
        const before = ends();
        await events.holds("further ends", () => ends() >= before + 4);
        await daemon.restart("SIGKILL");
        await events.until("connected", { times });
      }
    } finally {
      await load.stop();
    }
    await assertLives(events, load);
    assert.ok(load.ends.size > kills, `${load.ends.size} processes were started`);
    const ofStream = events.lines.filter((line) => line.endsWith("connected"));
    assert.deepEqual(
      ofStream,
      Array.from({ length: kills }, () => ["disconnected", "connected"]).flat(),
    );

    // A handler is told the same, in the same order for each container.
    const told = events.all.flatMap((event) =>
      "containerId" in event ? [`${event.type} ${event.containerId}`] : []
    );
    await events[Symbol.asyncDispose]();
    for (let i = 1; i <= load.count; i++) {
      const isIts = (line: string) => line.endsWith(` load${i}`);
      assert.deepEqual(handled.filter(isIts), told.filter(isIts));
    }
    assert.ok(told.length > 0);
    // What could not be removed while the daemon was away, and that alone.
    assert.deepEqual(failures.filter((error) => !isContainerError(error, "unavailable")), []);
  });
});
