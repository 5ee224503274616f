import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { assertExited, textOf, writeAll } from "../../plugins/testing/assertions.ts";
import { openDescriptors } from "../helpers/leaks.ts";
import { Bed, commandProcess, commandSpec, connectTo } from "./bed.ts";
import { beginningOf, ENDLESS_NUMBERS, NumberLines } from "./stdio-support/number-lines.ts";
import { eventually } from "../helpers/eventually.ts";
import { untilStalled } from "./stdio-support/writer.ts";
import { ChildScript } from "./support/child-script.ts";

/** All that one who is gone may have read ahead and not handed over. */
const LOST_BYTES = 1024 * 1024;
const piped = { stdout: "piped" } as const;

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

/** The streams of a process that another client started. */
async function attach(client: Client, id: string, processId: string) {
  if (processId === "init") {
    const { process } = await client.restore(id, { stdio: piped });
    assert.ok(process?.stdio.stdout);
    return { process, stdout: process.stdio.stdout };
  }
  const container = await (await client.runtime()).loadContainer(id);
  const process = await (await container.task()).loadProcess(processId, { stdio: piped });
  const { stdout } = process.stdio;
  assert.ok(stdout);
  return { process, stdout };
}

/** Asserts that the numbered lines go on not far behind where another reader came to. */
async function assertGoesOn(
  stdout: ReadableStream<Uint8Array>,
  fromBytes: number,
): Promise<NumberLines> {
  const reader = stdout.getReader();
  const { value } = await reader.read();
  assert.ok(value);
  const positionBytes = beginningOf(value);
  const lost = positionBytes - fromBytes;
  assert.ok(lost >= 0 && lost < LOST_BYTES, `${lost} bytes are missing`);
  const lines = new NumberLines({ positionBytes });
  lines.take(value);
  await lines.takeFrom(reader, 2_000_000);
  reader.releaseLock();
  return lines;
}

describe("attaching to stdio on containerd", () => {
  it("restore() goes on with the output of a client that was killed", async () => {
    await bed.withContainer(commandSpec(ENDLESS_NUMBERS), async (id) => {
      const { address, namespace, home } = bed.daemon;
      const script = new URL("./stdio-support/attach-child.ts", import.meta.url);
      const child = new ChildScript(script, [address, namespace, home, id]);
      try {
        await child.line("end");
      } finally {
        child.kill();
      }
      const { lines } = await child.ended;
      await bed.withClient(async (client) => {
        // The end of the first process is that of all.
        for (const processId of ["further", "init"]) {
          const line = lines.find((each) => each.startsWith(processId));
          const { process, stdout } = await attach(client, id, processId);
          await assertGoesOn(stdout, Number(line?.split(" ")[1]));
          await process.kill("KILL");
          // What is still in the pipes is read to the end, and the pipes are removed.
          assert.equal(assertExited(await process.wait(), 137).truncated, false);
          for await (const _ of stdout);
          await process.delete();
        }
        assert.deepEqual(existsSync(`${home}/fifo`) ? readdirSync(`${home}/fifo`) : [], []);
      });
    });
  });

  it("restore() goes on with the output of a client that was disposed", async () => {
    await bed.withContainer(commandSpec(ENDLESS_NUMBERS), async (id) => {
      const first = new NumberLines();
      const further = new NumberLines();
      await bed.withClient(async (client) => {
        const task = await client.start(id, { stdio: piped });
        await first.takeFrom(task.stdio.stdout.getReader(), 500_000);
        const process = commandProcess(ENDLESS_NUMBERS);
        const handle = await client.exec(id, "further", process, { stdio: piped });
        await further.takeFrom(handle.stdio.stdout.getReader(), 500_000);
        await Promise.all([untilStalled(task.pid), untilStalled(handle.pid)]);
      });
      await bed.withClient(async (client) => {
        // The end of the first process is that of all.
        for (const [processId, lines] of [["further", further], ["init", first]] as const) {
          const { process, stdout } = await attach(client, id, processId);
          await assertGoesOn(stdout, lines.positionBytes);
          await process.kill("KILL");
          assertExited(await process.wait(), 137);
        }
      });
    });
  });

  it("dispose() of a client ends its streams and lets go of the pipes", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const { client, streams } = await startPiped(id);
      const output = textOf(streams.stdout);
      const errors = textOf(streams.stderr);
      const writer = streams.stdin.getWriter();
      const closed = assert.rejects(writer.closed, { code: "failed_precondition" });
      await client[Symbol.asyncDispose]();
      assert.deepEqual(await Promise.all([output, errors]), ["", ""]);
      await closed;
      const folder = `${bed.daemon.home}/fifo/`;
      const held = () => [...openDescriptors().values()].filter((path) => path.startsWith(folder));
      await eventually("no pipe is held", () => held().length === 0);
      assert.equal((await bed.client.status(id)).state, "running");
    });

    async function startPiped(id: string) {
      const client = connectTo(bed.daemon);
      const task = await client.start(id, {
        stdio: { stdin: "piped", stdout: "piped", stderr: "piped" },
      });
      return { client, streams: task.stdio };
    }
  });

  it("cancel() of an output that was attached to leaves the rest to the next", async () => {
    await bed.withContainer(commandSpec(ENDLESS_NUMBERS), async (id) => {
      const first = new NumberLines();
      const started = await bed.client.start(id, { stdio: piped });
      await first.takeFrom(started.stdio.stdout.getReader(), 100_000);
      let positionBytes = first.positionBytes;
      for (let turn = 0; turn < 3; turn++) {
        await untilStalled(started.pid);
        await bed.withClient(async (client) => {
          const { stdout } = await attach(client, id, "init");
          const lines = await assertGoesOn(stdout, positionBytes);
          positionBytes = lines.positionBytes;
          await stdout.cancel();
        });
        assert.equal((await bed.client.status(id)).state, "running");
      }
    });
  });

  it("restore() gives stdin again, and its close ends the process", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const stdio = { stdin: "piped", stdout: "piped" } as const;
      await bed.withClient(async (client) => {
        const task = await client.start(id, { stdio });
        const writer = task.stdio.stdin.getWriter();
        await writer.write(new TextEncoder().encode("first"));
        const { value } = await task.stdio.stdout.getReader().read();
        assert.equal(new TextDecoder().decode(value), "first");
      });
      await bed.withClient(async (client) => {
        const { process } = await client.restore(id, { stdio });
        assert.ok(process);
        await writeAll(process.stdio.stdin, "second");
        assert.equal(await textOf(process.stdio.stdout), "second");
        assertExited(await process.wait(), 0);
      });
    });
  });

  it("restore() of a process whose output was read to its end gives an end", async () => {
    await bed.withContainer(commandSpec("echo all"), async (id) => {
      const task = await bed.client.start(id, { stdio: piped });
      assert.equal(await textOf(task.stdio.stdout), "all\n");
      assertExited(await task.wait(), 0);
      await bed.withClient(async (client) => {
        const { alive, process } = await client.restore(id, { stdio: piped });
        assert.equal(alive, false);
        assert.ok(process);
        assert.equal(await textOf(process.stdio.stdout), "");
        assertExited(await process.wait(), 0);
      });
    });
  });
});
