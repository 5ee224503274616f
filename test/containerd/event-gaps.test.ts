import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import type { ContainerEvent } from "../../src/events.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { taskEvent } from "../faults/task-event.ts";
import { containerdVersion } from "../helpers/cache.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";
import { scale } from "../helpers/scale.ts";
import { type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { Bed, commandSpec, SHIM } from "./bed.ts";
import { openClient } from "./support/open-client.ts";
import { RpcGate } from "./support/rpc-gate.ts";

const sleep = ["sleep", "3600"];

/**
 * Whether containerd still knows how a process ended while it was away. Later versions do not: then
 * the code is known only where the shim, which tries again, tells of the end before it is asked for.
 */
const isKept = containerdVersion === "1.6";

let bed: Bed;
let runc: WrappedRunc;

before(async () => {
  runc = wrapRunc();
  bed = await Bed.start({ runcDir: runc.dir });
});
after(async () => {
  await bed?.stop();
  runc?.remove();
});

describe("events that nobody was there to hear", () => {
  it("G01 an end while containerd is away is told once: by its code where it is known, else as lost", async () => {
    const [gone, stays] = [bed.newId(), bed.newId()];
    const newline = new TextEncoder().encode("\n");
    const order = ["create", "start", "exit init"];
    await bed.withClient(async (onlooker) => {
      const logs = await Promise.all(
        [bed.client, onlooker].map((client) => EventLog.open(client.events())),
      );
      try {
        const start = async (id: string) => {
          await bed.client.create(id, commandSpec("read line; exit 7"), SHIM);
          // Their input does not pass through the daemon.
          const task = await bed.client.start(id, { stdio: { stdin: "piped" } });
          return { task, line: task.stdio.stdin.getWriter() };
        };
        const one = await start(gone);
        const other = await start(stays);
        const waits = [one.task.wait(), bed.client.wait(gone)];
        await bed.daemon.kill();
        await one.line.write(newline);
        await eventually("it has ended", () => !isRunning(one.task.pid));
        await bed.daemon.start();

        for (const status of await Promise.all(waits)) assertKnown(status);
        for (const events of logs) {
          await events.untilType(gone, "exit", INIT_PROCESS);
          const [exit, ...more] = events.of(gone).filter(({ type }) => type === "exit");
          assert.deepEqual(more, []);
          assert.ok(exit?.type === "exit");
          assertKnown(exit.status);
          assert.equal(exit.source === "lost", exit.status.state === "lost");
          assert.deepEqual(events.types(gone).slice(0, 3), order);
          assert.deepEqual(events.types(stays), ["create", "start"]);
        }
        await other.line.write(newline);
        assertExited(await other.task.wait(), 7);
        for (const events of logs) {
          await events.untilType(stays, "exit", INIT_PROCESS);
          assert.deepEqual(events.types(stays).slice(0, 3), order);
        }
      } finally {
        for (const events of logs) await events[Symbol.asyncDispose]();
        await bed.remove(gone);
        await bed.remove(stays);
      }
    });
  });
});

function assertKnown(status: ExitStatus): void {
  if (isKept || status.state !== "lost") assertExited(status, 7);
}

describe("events right after a subscription", () => {
  /** Subscribes again and again, acts at once, and expects to be told. */
  async function toldEachTime(
    rounds: number,
    act: (round: number) => Promise<{ readonly id: string; readonly type: ContainerEvent["type"] }>,
  ): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const stream = bed.client.events();
      await stream.ready;
      const acted = act(round);
      await disposeAfter(await EventLog.open(stream), async (events) => {
        const { id, type } = await acted;
        await events.untilType(id, type);
        assert.deepEqual(events.types(id), [type]);
      });
    }
  }

  it("G02 ready waits until the daemon has taken the subscription in, however late", async () => {
    const gate = new RpcGate();
    await disposeAfter(
      openClient(bed.daemon, { interceptors: [gate.interceptor] }),
      async (client) => {
        const held = gate.hold("Events/Subscribe", "before");
        const stream = client.events();
        let isReady = false;
        const ready = stream.ready.then(() => isReady = true);
        await held.arrived;
        const markers = () => gate.calls.filter((call) => call === "Events/Publish").length;
        const before = markers();
        await eventually("markers are published", () => markers() > before + 4);
        assert.equal(isReady, false);
        held.release();
        await ready;
        await stream[Symbol.asyncDispose]();
      },
    );
  });

  it("G02 ready resolves no sooner than what is published next is told", async () => {
    const publisher = await bed.service(Events);
    await toldEachTime(scale(40, 1000), async (round) => {
      const id = `published-${round}`;
      const { topic, event } = taskEvent.oom(id);
      await publisher.publish({ topic, event }, { headers: bed.headers });
      return { id, type: "oom" };
    });
  });

  it("G02 ready resolves no sooner than what a container does next is told", async () => {
    await bed.withRunning(sleep, async (id) => {
      await bed.withClient(async (other) => {
        await toldEachTime(scale(10, 200), async (round) => {
          if (round % 2 === 1) {
            await other.resume(id);
            return { id, type: "resumed" };
          }
          await other.pause(id);
          return { id, type: "paused" };
        });
      });
    });
  });
});

describe("a daemon that breaks calls off", () => {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    it(`G03 ${signal} is never taken for an abort, nor an abort for it`, async () => {
      await bed.withRunning(sleep, async (id) => {
        await bed.withContainer(commandSpec(sleep), async (held) => {
          const reason = { why: "enough" };
          const controller = new AbortController();
          const call = { signal: controller.signal };
          const aborted = rejection(bed.client.wait(id, INIT_PROCESS, call));
          const abortedEvents = await EventLog.open(bed.client.events(call));
          const waiting = bed.client.wait(id);
          const gate = runc.hold("create", "before", { containerId: held });
          try {
            await bed.withEvents(async (events) => {
              // The answer to this call is still to come.
              const broken = rejectsWith(bed.client.start(held), "unavailable");
              await gate.arrived();
              await bed.daemon.kill(signal);
              await broken;
              controller.abort(reason);
              assert.equal(await aborted, reason);
              await abortedEvents.ended;
              gate.release();
              await bed.daemon.start();
              await events.until(({ type }) => type === "connected");
              await bed.client.signalProcess(id, INIT_PROCESS, "SIGKILL");
              assertExited(await waiting, 137);
              await events.untilType(id, "exit", INIT_PROCESS);
              const own = bed.newId();
              assertExited(await bed.client.run(own, commandSpec("exit 5"), SHIM), 5);
              await events.untilType(own, "exit", INIT_PROCESS);
            });
          } finally {
            gate.release();
          }
        });
      });
    });
  }
});
