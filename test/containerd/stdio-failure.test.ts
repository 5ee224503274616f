import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { Bed, commandProcess, commandSpec, type ConnectToOptions, SHIM } from "./bed.ts";
import { numberLines } from "./stdio-support/number-lines.ts";

/** More than all pipes hold. */
const long = numberLines(200_000);
const disk = new Error("disk full");

let bed: Bed;

before(async () => {
  bed = await Bed.start();
});
after(() => bed?.stop());

const failingSink = () => new WritableStream<Uint8Array>({ write: () => Promise.reject(disk) });

const failingSource = () =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.error(disk) });

/** Uses a client, and gives what its `onError` was told meanwhile. */
async function toldBy(
  use: (client: Client, told: () => Promise<unknown>) => Promise<void>,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const first = Promise.withResolvers<unknown>();
  const options: ConnectToOptions = {
    onError: (error) => {
      errors.push(error);
      first.resolve(error);
    },
  };
  await bed.withClient((client) => use(client, () => first.promise), options);
  return errors;
}

function assertFailure(error: unknown, processId: string, stream: string): void {
  assert.ok(isContainerError(error, "data_loss"), String(error));
  assert.equal(error.cause, disk);
  assert.equal(error.processId, processId);
  assert.match(error.message, new RegExp(`${stream} of process "${processId}" of container "c`));
}

describe("streams of the caller that fail, on containerd", () => {
  it("start() tells onError of an output that fails, and the process goes on to its end", async () => {
    await bed.withContainer(commandSpec(`${long}; ${long} >&2; exit 4`), async (id) => {
      const errors = await toldBy(async (client) => {
        const task = await client.start(id, { stdio: { stdout: failingSink() } });
        assert.equal(assertExited(await task.wait(), 4).truncated, true);
      });
      assert.equal(errors.length, 1);
      assertFailure(errors[0], "init", "stdout");
    });
  });

  it("start() tells onError of an input that fails, and the process reads its end", async () => {
    await bed.withContainer(commandSpec("cat; exit 5"), async (id) => {
      const errors = await toldBy(async (client) => {
        const task = await client.start(id, { stdio: { stdin: failingSource() } });
        assertExited(await task.wait(), 5);
      });
      assert.equal(errors.length, 1);
      assertFailure(errors[0], "init", "stdin");
    });
  });

  it("exec() tells onError of each output that fails", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const errors = await toldBy(async (client) => {
        const process = await client.exec(id, "more", commandProcess(`${long}; ${long} >&2`), {
          stdio: { stdout: failingSink(), stderr: failingSink() },
        });
        assertExited(await process.wait(), 0);
      });
      assert.equal(errors.length, 2);
      assertFailure(errors[0], "more", "stdout");
      assertFailure(errors[1], "more", "stderr");
    });
  });

  it("restore() tells onError of an output that fails, and the process does not stall", async () => {
    await bed.withContainer(commandSpec(`read -r line; ${long}; exit 6`), async (id) => {
      await bed.withClient(async (first) => {
        await first.start(id, { stdio: { stdin: "piped", stdout: "piped" } });
      });
      const errors = await toldBy(async (client, told) => {
        const { process } = await client.restore(id, {
          stdio: { stdin: "piped", stdout: failingSink() },
        });
        assert.ok(process?.stdio.stdin);
        await process.stdio.stdin.getWriter().write(new TextEncoder().encode("go on\n"));
        await told();
        assertExited(await process.wait(), 6);
      });
      assert.equal(errors.length, 1);
      assertFailure(errors[0], "init", "stdout");
    });
  });

  for (
    const [stream, stdio] of [
      ["stdin", () => ({ stdin: failingSource() })],
      ["stdout", () => ({ stdout: failingSink() })],
      ["stderr", () => ({ stderr: failingSink() })],
    ] as const
  ) {
    it(`run() rejects with the failure of ${stream}, once the container is removed`, async () => {
      const id = bed.newId();
      const errors = await toldBy(async (client) => {
        const run = client.run(id, commandSpec(`cat; ${long}; ${long} >&2`), SHIM, {
          stdio: stdio(),
        });
        assertFailure(await rejectsWith(run, "data_loss", { containerId: id }), "init", stream);
        await rejectsWith(client.restore(id), "not_found");
      });
      assert.deepEqual(errors, [], "what the call has told");
    });
  }

  it("run() tells onError of a second failure", async () => {
    const id = bed.newId();
    const errors = await toldBy(async (client) => {
      const run = client.run(id, commandSpec(`${long}; ${long} >&2`), SHIM, {
        stdio: { stdout: failingSink(), stderr: failingSink() },
      });
      assertFailure(await rejectsWith(run, "data_loss"), "init", "stdout");
    });
    assert.equal(errors.length, 1);
    assertFailure(errors[0], "init", "stderr");
  });

  it("run() that is aborted rejects with the reason, and tells onError of the failure", async () => {
    const id = bed.newId();
    const controller = new AbortController();
    const reason = new Error("enough");
    const written = Promise.withResolvers<void>();
    const sink = new WritableStream<Uint8Array>({
      write: () => {
        written.resolve();
        return Promise.reject(disk);
      },
    });
    const errors = await toldBy(async (client, told) => {
      const run = client.run(id, commandSpec(`${long}; sleep 3600`), SHIM, {
        signal: controller.signal,
        stdio: { stdout: sink },
      });
      run.catch(() => {}); // awaited below
      await written.promise;
      await client.version(); // by then the failure has got around
      controller.abort(reason);
      assert.equal(await run.catch((error: unknown) => error), reason);
      await told();
    });
    assert.equal(errors.length, 1);
    assertFailure(errors[0], "init", "stdout");
  });
});
