import assert from "node:assert/strict";
import type { ContainerEvent } from "../../src/events.ts";
import { assertExited } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import { skipReason } from "./capabilities.ts";
import type { EventLog } from "./event-log.ts";

/** What is told of containers, and in which order. */
export function eventContract(bench: Bench): void {
  const { options } = bench;
  const run = { does: "run" } as const;

  bench.it(
    "events() gives create, start and exit of a container, in this order, once",
    async () => {
      await bench.withEvents(async (events) => {
        await bench.withContainer({ does: "exit", code: 9 }, async (id) => {
          const task = await bench.client.start(id);
          const status = assertExited(await task.wait(), 9);
          await events.untilType(id, "exit", "init");
          await bench.client.deleteTask(id);
          await assertLife(events, id);
          const [create, start, exit] = events.of(id);
          // Some runtimes have a process before its start, others have none.
          assert.ok(create?.type === "create" && [0, task.pid].includes(create.pid));
          assert.equal(start?.type === "start" && start.pid, task.pid);
          assert.ok(exit?.type === "exit" && exit.status.state === "exited");
          assert.equal(exit.pid, task.pid);
          assert.equal(exit.status.code, 9);
          assert.equal(exit.status.exitedAt.getTime(), status.exitedAt.getTime());
          for (const event of events.of(id)) {
            assert.equal(event.source, "observed");
            assert.ok(event.timestamp instanceof Date);
          }
        });
      });
    },
  );

  bench.it(
    "events() gives exec-added, exec-started and exit of a further process, in this order, once",
    async () => {
      await bench.withEvents(async (events) => {
        await bench.withRunning(run, async (id) => {
          const process = options.process({ does: "exit", code: 8 });
          const handle = await bench.client.exec(id, "probe", process);
          assertExited(await handle.wait(), 8);
          // What is told twice has come by the time that a later process is told of.
          await bench.client.exec(id, "later", options.process({ does: "exit", code: 0 }));
          await events.untilType(id, "exit", "later");
          const about = events.of(id).filter((event) =>
            "processId" in event && event.processId === "probe"
          );
          const types = about.map(({ type }) => type);
          const life = ["exec-added", "exec-started", "exit"];
          // Whether the removal of its record is told as well is up to the runtime.
          assert.deepEqual(types, types.length === life.length ? life : [...life, "delete"]);
          const started = about[1];
          assert.equal(started?.type === "exec-started" && started.pid, handle.pid);
        });
      });
    },
  );

  const { pause } = options.capabilities;
  if (pause !== false) {
    bench.it("events() gives paused and resumed", async () => {
      await bench.withEvents(async (events) => {
        await bench.withRunning(run, async (id) => {
          await bench.client.pause(id);
          await bench.client.resume(id);
          await events.untilType(id, "resumed");
          assert.deepEqual(events.types(id), ["create", "start", "paused", "resumed"]);
        });
      });
    }, { skip: skipReason(pause) });
  }

  bench.it(
    "events() gives one exit for each process, after its start, however it ends",
    async () => {
      const { client } = bench;
      await bench.withEvents(async (events) => {
        const lives = async (end: (id: string) => Promise<unknown>): Promise<string> => {
          const id = bench.newId();
          await client.create(id, options.spec(run), options.shim);
          await client.start(id);
          await client.exec(id, "more", options.process(run));
          await end(id);
          await bench.remove(id);
          return id;
        };
        const ids = await Promise.all([
          lives((id) => client.delete(id, { force: true })),
          lives((id) => client.deleteTask(id, { force: true })),
          lives(async (id) => {
            await client.signalProcess(id, "init", "KILL");
            await client.wait(id);
          }),
        ]);
        for (const id of ids) {
          await events.untilType(id, "exit", "init");
          await events.untilType(id, "exit", "more");
        }
        // What is told twice has come by the time that a later container is told of.
        const later = bench.newId();
        await client.run(later, options.spec({ does: "exit", code: 0 }), options.shim);
        await events.untilType(later, "exit", "init");
        for (const id of ids) {
          const types = events.types(id);
          assert.equal(types.filter((type) => type === "exit init").length, 1, types.join(", "));
          assert.equal(types.filter((type) => type === "exit more").length, 1, types.join(", "));
          assert.ok(types.indexOf("start") < types.indexOf("exit init"), types.join(", "));
          const started = types.indexOf("exec-started more");
          assert.ok(started >= 0 && started < types.indexOf("exit more"), types.join(", "));
        }
      });
    },
  );

  bench.it("events() keeps the order of each of many containers, one exit each", async () => {
    const count = 6;
    await bench.withEvents(async (events) => {
      const ids = await Promise.all(Array.from({ length: count }, async (_, code) => {
        const id = bench.newId();
        const spec = options.spec({ does: "exit", code });
        assertExited(await bench.client.run(id, spec, options.shim), code);
        return id;
      }));
      for (const [code, id] of ids.entries()) {
        await assertLife(events, id);
        const exit = events.of(id).find(({ type }) => type === "exit");
        assert.ok(exit?.type === "exit" && exit.status.state === "exited");
        assert.equal(exit.status.code, code);
      }
    });
  });

  bench.it(
    "events() misses nothing that happens right after ready, also in a second stream",
    async () => {
      await bench.withEvents(async (first) => {
        await bench.withContainer({ does: "exit", code: 0 }, async (id) => {
          await bench.withEvents(async (second) => {
            await bench.client.start(id);
            const later = bench.newId();
            await bench.client.wait(id);
            const spec = options.spec({ does: "exit", code: 0 });
            await bench.client.run(later, spec, options.shim);
            // Each is told of all that was before.
            for (const each of [id, later]) {
              await Promise.all([first, second].map((log) => log.untilType(each, "exit", "init")));
            }
            assert.deepEqual(second.types(id), first.types(id));
          });
        });
      });
    },
  );

  bench.it("events() ends without an error when its signal aborts", async () => {
    const abort = new AbortController();
    const log = await bench.openEvents(abort.signal);
    abort.abort(new Error("enough"));
    await log.ended;
  });

  bench.it("events() tells of what another client does", async () => {
    await bench.withEvents(async (events) => {
      await bench.withClient(async (other) => {
        const id = bench.newId();
        const spec = options.spec({ does: "exit", code: 1 });
        await other.run(id, spec, options.shim);
        await assertLife(events, id);
      });
    });
  });

  bench.it("a backend is told of every event, in order, from the first container on", async () => {
    const told: string[] = [];
    const seen = Promise.withResolvers<void>();
    const backend = {
      processEvent: (id: string, type: ContainerEvent["type"], info: ContainerEvent) => {
        assert.equal(info.containerId, id);
        assert.equal(info.type, type);
        told.push(type);
        if (type === "exit") seen.resolve();
      },
    };
    await bench.withClient(async (client) => {
      const id = bench.newId();
      await client.run(id, options.spec({ does: "exit", code: 0 }), options.shim);
      await seen.promise;
      assert.deepEqual(told.slice(0, 3), ["create", "start", "exit"]);
    }, { backend });
  });
}

/**
 * Asserts that a container was made, started and ended, once each and in this order. Whether its
 * deletion is told as well is up to the runtime: a shim that ends right after it may be faster.
 */
async function assertLife(events: EventLog, id: string): Promise<void> {
  await events.untilType(id, "exit", "init");
  const types = events.types(id);
  const life = ["create", "start", "exit init"];
  assert.deepEqual(types, types.length === life.length ? life : [...life, "delete init"]);
}
