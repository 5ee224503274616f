import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { assertExited } from "../../plugins/testing/assertions.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";
import { inParallel } from "./stdio-support/in-parallel.ts";
import { LINE_BYTES, NumberLines, numberLines } from "./stdio-support/number-lines.ts";
import { eventually } from "../helpers/eventually.ts";

const piped = { stdout: "piped", stderr: "piped" } as const;
/** 200 KB: more than one pipe holds, so the last of it is on its way when the process ends. */
const longCount = 22_000;
/** 54 KB: fits into the pipes, so the process ends although nobody reads. */
const shortCount = 6_000;
const both = (count: number) => `${numberLines(count)} & ${numberLines(count)} >&2; wait; exit 5`;

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

describe("output at the end of a process on containerd", () => {
  it("the last bytes are there when a first process ends at once", async () => {
    await inParallel(scale(20, 250), 4, async (index) => {
      const id = bed.newId();
      const isRead = index % 2 === 0;
      const count = isRead ? longCount : shortCount;
      await bed.client.create(id, commandSpec(both(count)), SHIM);
      try {
        const task = await bed.client.start(id, { stdio: piped });
        const read = () =>
          Promise.all([
            new NumberLines().takeAll(task.stdio.stdout, count),
            new NumberLines().takeAll(task.stdio.stderr, count),
          ]);
        const reading = isRead ? read() : undefined;
        reading?.catch(() => {});
        assert.equal(assertExited(await task.wait(), 5).truncated, false);
        // Deleted at once; a slow consumer begins only now.
        await bed.client.deleteTask(id);
        await (reading ?? read());
      } finally {
        await bed.remove(id);
      }
    });
  });

  it("the last bytes are there when a further process ends at once", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      await inParallel(scale(20, 250), 4, async (index) => {
        const isRead = index % 2 === 0;
        const count = isRead ? longCount : shortCount;
        const process = commandProcess(both(count));
        const handle = await bed.client.exec(id, `p${index}`, process, { stdio: piped });
        const read = () =>
          Promise.all([
            new NumberLines().takeAll(handle.stdio.stdout, count),
            new NumberLines().takeAll(handle.stdio.stderr, count),
          ]);
        const reading = isRead ? read() : undefined;
        reading?.catch(() => {});
        assert.equal(assertExited(await handle.wait(), 5).truncated, false);
        await (reading ?? read());
      });
    });
  });

  it("a child that holds stdout for ever cuts the wait short and no byte away", async () => {
    await bed.withClient(async (client) => {
      await bed.withRunning(["sleep", "3600"], async (id) => {
        const process = commandProcess(`sleep 1000 & ${numberLines(longCount)}`);
        const handle = await client.exec(id, "parent", process, { stdio: piped });
        const lines = new NumberLines();
        const reading = lines.takeAll(handle.stdio.stdout, longCount);
        reading.catch(() => {});
        assert.equal(assertExited(await handle.wait(), 0).truncated, true);
        // The container's own, and the child, which was not waited for.
        assert.equal((await client.listPids(id)).length, 2);
        await Promise.race([
          eventually("all bytes are read", () => lines.positionBytes === longCount * LINE_BYTES),
          reading,
        ]);
        // Its record is removed, by which the shim gives the pipe up at last.
        await client.delete(id, { force: true });
        await reading;
      });
    }, { drainBudgetMs: 100 });
  });

  it("a child that closes stdout in time is waited for", async () => {
    const folder = mkdtempSync("/tmp/lcstdio-");
    try {
      await bed.withClient(async (client) => {
        const spec = commandSpec(["sleep", "3600"], {
          binds: [{ source: folder, destination: "/mnt" }],
        });
        await bed.withContainer(spec, async (id) => {
          await client.start(id);
          const child = "while [ ! -e /mnt/go ]; do sleep 0.01; done; echo late";
          const process = commandProcess(`(${child}) & echo early`);
          const handle = await client.exec(id, "parent", process, { stdio: piped });
          const output = new Response(handle.stdio.stdout).text();
          let isOver = false;
          const wait = handle.wait().finally(() => isOver = true);
          await eventually("the parent ends", async () => (await state(id)) === "gone");
          assert.equal(isOver, false);
          writeFileSync(`${folder}/go`, "");
          assert.equal(assertExited(await wait, 0).truncated, false);
          assert.equal(await output, "early\nlate\n");
        });

        async function state(id: string): Promise<string> {
          const { state } = await client.status(id, "parent");
          return state === "stopped" ? "gone" : state;
        }
      }, { drainBudgetMs: 60_000 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("delete() of a task that was never started kills it, and does not wait for output", async () => {
    // To delete it without that takes the shim 2 s (containerd 1.6, 1.7) or 10 s (2.1), each time;
    // a machine that is slow now and then is given further tries.
    const limitMs = bed.daemon.version.startsWith("1.") ? 2_000 : 10_000;
    for (const stdio of [piped, { stdin: "piped", stdout: "piped" }] as const) {
      let fastestMs = Number.POSITIVE_INFINITY;
      for (let tries = 0; tries < 5 && fastestMs >= limitMs; tries++) {
        await bed.withContainer(commandSpec(["cat"]), async (id) => {
          const container = await (await bed.client.runtime()).loadContainer(id);
          const task = await container.newTask({ stdio });
          const startedAt = performance.now();
          assertExited(await task.delete(), 137);
          fastestMs = Math.min(fastestMs, performance.now() - startedAt);
          const { stdout } = task.stdio;
          assert.ok(stdout);
          assert.equal(
            await new Response(stdout as ReadableStream<Uint8Array<ArrayBuffer>>).text(),
            "",
          );
        });
      }
      console.log(`deletion of a task that was never started: ${Math.round(fastestMs)} ms`);
      assert.ok(fastestMs < limitMs, `${fastestMs} ms`);
    }
  });
});
