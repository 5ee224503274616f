import assert from "node:assert/strict";
import { assertExited, rejectsWith, textOf, writeAll } from "./assertions.ts";
import type { Bench } from "./bench.ts";
import { skipReason } from "./capabilities.ts";

/** Streams of processes, in small. */
export function stdioContract(bench: Bench): void {
  const { options } = bench;
  const { inOtherProcess } = options.capabilities;
  const run = { does: "run" } as const;
  const copy = { does: "copy" } as const;
  const print = { does: "print", stdout: "to out ü€𝄞\n", stderr: "to err\n" } as const;
  const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

  bench.it("start() with piped outputs gives them apart, to their end", async () => {
    await bench.withContainer(print, async (id) => {
      const { stdio, ...task } = await streamsOf(bench, id);
      const texts = await Promise.all([textOf(stdio.stdout), textOf(stdio.stderr)]);
      assert.deepEqual(texts, [print.stdout, print.stderr]);
      assert.equal(assertExited(await task.wait(), 0).truncated, false);
    });
  });

  bench.it("output is there although it is read only after the task was deleted", async () => {
    await bench.withContainer(print, async (id) => {
      const { stdio, wait } = await streamsOf(bench, id);
      await wait();
      await bench.client.deleteTask(id);
      const texts = await Promise.all([textOf(stdio.stdout), textOf(stdio.stderr)]);
      assert.deepEqual(texts, [print.stdout, print.stderr]);
    });
  });

  bench.it(
    "start() with a piped input: what is written arrives, and the close ends it",
    async () => {
      await bench.withContainer(copy, async (id) => {
        const task = await bench.client.start(id, { stdio: piped });
        await writeAll(task.stdio.stdin, "one two three");
        assert.equal(await textOf(task.stdio.stdout), "one two three");
        assertExited(await task.wait(), 0);
      });
    },
  );

  bench.it("exec() pipes the streams of a further process", async () => {
    await bench.withRunning(run, async (id) => {
      const handle = await bench.client.exec(id, "copy", options.process(copy), { stdio: piped });
      await writeAll(handle.stdio.stdin, "to and fro");
      assert.equal(await textOf(handle.stdio.stdout), "to and fro");
      assert.equal(await textOf(handle.stdio.stderr), "");
      assertExited(await handle.wait(), 0);
    });
  });

  bench.it("closeStdin() by id ends the input of a first and of a further process", async () => {
    await bench.withContainer(copy, async (id) => {
      const stdio = { stdin: "piped", stdout: "piped" } as const;
      const task = await bench.client.start(id, { stdio });
      const handle = await bench.client.exec(id, "copy", options.process(copy), { stdio });
      await bench.client.closeStdin(id, "copy");
      assertExited(await handle.wait(), 0);
      assert.equal((await bench.client.status(id)).state, "running");
      await bench.client.closeStdin(id, "init");
      assertExited(await task.wait(), 0);
    });
  });

  bench.it("an input that is closed before start() ends the process all the same", async () => {
    await bench.withContainer(copy, async (id) => {
      const container = await (await bench.client.runtime()).loadContainer(id);
      const task = await container.newTask({ stdio: { stdin: "piped", stdout: "piped" } });
      const { stdin, stdout } = task.stdio;
      assert.ok(stdin && stdout);
      const written = writeAll(stdin, "early");
      await task.start();
      await written;
      assert.equal(await textOf(stdout), "early");
      assertExited(await task.wait(), 0);
      await task.delete();
    });
  });

  bench.it('start() with "null" and with nothing gives no streams and no input', async () => {
    for (const stdio of [{}, { stdin: "null", stdout: "null", stderr: "null" }] as const) {
      await bench.withContainer(copy, async (id) => {
        const task = await bench.client.start(id, { stdio });
        assert.deepEqual(task.stdio, { stdin: null, stdout: null, stderr: null });
        assertExited(await task.wait(), 0);
      });
    }
  });

  bench.it("start() with one piped output discards the other", async () => {
    await bench.withContainer(print, async (id) => {
      const task = await bench.client.start(id, { stdio: { stderr: "piped" } });
      assert.equal(task.stdio.stdout, null);
      assert.equal(await textOf(task.stdio.stderr), print.stderr);
      assertExited(await task.wait(), 0);
    });
  });

  bench.it("start() with streams pumps one in and the others out", async () => {
    await bench.withContainer(copy, async (id) => {
      const out = collector();
      const stdin = new Blob(["pumped through"]).stream();
      const task = await bench.client.start(id, { stdio: { stdin, stdout: out.stream } });
      assertExited(await task.wait(), 0);
      assert.equal(await out.text, "pumped through");
    });
    await bench.withContainer(print, async (id) => {
      const [out, err] = [collector(), collector()];
      const stdio = { stdout: out.stream, stderr: err.stream };
      const task = await bench.client.start(id, { stdio });
      assertExited(await task.wait(), 0);
      assert.deepEqual(await Promise.all([out.text, err.text]), [print.stdout, print.stderr]);
    });
  });

  bench.it(
    "a stream of the caller that fails is told to onError, and the process goes on",
    async () => {
      const problem = new Error("cannot take it");
      const told = Promise.withResolvers<unknown>();
      await bench.withClient(async (client) => {
        await bench.withContainer(print, async (id) => {
          const stdout = new WritableStream<Uint8Array>({ write: () => Promise.reject(problem) });
          const task = await client.start(id, { stdio: { stdout, stderr: "piped" } });
          assert.equal(await textOf(task.stdio.stderr), print.stderr);
          assertExited(await task.wait(), 0);
          const error = await rejectsWith(
            told.promise.then((each) => Promise.reject(each)),
            "data_loss",
          );
          assert.equal(error.cause, problem);
        });
      }, { onError: told.resolve });
    },
  );

  bench.it("start() hands a callback the streams before the process runs", async () => {
    await bench.withContainer(copy, async (id) => {
      let output: Promise<string> | undefined;
      const task = await bench.client.start(id, {
        stdio: async ({ stdin, stdout, stderr }) => {
          assert.ok(stderr);
          assert.equal((await bench.client.status(id)).state, "created");
          output = textOf(stdout);
          const writing = writeAll(stdin, "from the callback");
          writing.catch(() => {});
        },
      });
      assertExited(await task.wait(), 0);
      assert.equal(await output, "from the callback");
    });
  });

  bench.it("start() is undone when the callback throws", async () => {
    await bench.withContainer(copy, async (id) => {
      const problem = new Error("cannot take them");
      const start = bench.client.start(id, {
        stdio: () => {
          throw problem;
        },
      });
      await assert.rejects(start, (error) => error === problem);
      await rejectsWith(bench.client.status(id), "failed_precondition", { containerId: id });
      const task = await bench.client.start(id);
      assertExited(await task.wait(), 0);
    });
  });

  bench.it("exec() is undone when the callback throws", async () => {
    await bench.withRunning(run, async (id) => {
      const problem = new Error("cannot take them");
      const exec = bench.client.exec(id, "copy", options.process(copy), {
        stdio: () => Promise.reject(problem),
      });
      await assert.rejects(exec, (error) => error === problem);
      await rejectsWith(bench.client.status(id, "copy"), "not_found", { processId: "copy" });
    });
  });

  bench.it('start() with "inherit" writes to the streams of the own process', async () => {
    const inherit = typeof inOtherProcess === "object" ? inOtherProcess.inherit : undefined;
    if (!inherit) {
      await bench.withContainer(print, async (id) => {
        const start = bench.client.start(id, { stdio: { stdout: "inherit" } });
        await rejectsWith(start, "unimplemented");
      });
      return;
    }
    const output = await inherit(bench.newId(), print);
    assert.deepEqual(output, { stdout: print.stdout, stderr: print.stderr });
  }, { skip: skipReason(inOtherProcess) });

  bench.it("a reader that cancels does not stop the process", async () => {
    await bench.withContainer(print, async (id) => {
      const { stdio, wait } = await streamsOf(bench, id);
      await stdio.stdout.cancel();
      assert.equal(await textOf(stdio.stderr), print.stderr);
      assertExited(await wait(), 0);
    });
  });
}

async function streamsOf(bench: Bench, id: string) {
  const task = await bench.client.start(id, {
    stdio: { stdout: "piped", stderr: "piped" },
  });
  return { stdio: task.stdio, wait: () => task.wait() };
}

/** A sink that keeps what it gets; `text` resolves when it is closed. */
function collector(): {
  readonly stream: WritableStream<Uint8Array>;
  readonly text: Promise<string>;
} {
  const chunks: Uint8Array[] = [];
  const closed = Promise.withResolvers<string>();
  const stream = new WritableStream<Uint8Array>({
    write: (chunk) => void chunks.push(chunk.slice()),
    close: async () => {
      closed.resolve(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text());
    },
    abort: (reason) => closed.reject(reason),
  });
  return { stream, text: closed.promise };
}
