import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ContainerError, isContainerError } from "../../src/errors.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { StdioOptions } from "../../src/stdio.ts";
import { assertExited, rejectsWith, textOf, writeAll } from "../../plugins/testing/assertions.ts";
import { disposeAfter } from "../../plugins/testing/dispose-after.ts";
import type { ProgramContext } from "../../plugins/memory/mod.ts";
import { Pipe } from "../../plugins/memory/pipe.ts";
import { rejection } from "../helpers/rejection.ts";
import { clientOf, commandSpec, nodeFiles, SHIM } from "./bed.ts";
import { runOn } from "./run-on.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("streams", () => {
  it("Pipe holds 64 KiB, gives them in order, and copies what is written", async () => {
    const pipe = new Pipe();
    const chunk = new Uint8Array(100_000).fill(1);
    let isTaken = false;
    const writing = pipe.write(chunk).then(() => void (isTaken = true));
    await Promise.resolve();
    assert.equal(isTaken, false);
    const first = pipe.take();
    assert.ok(first instanceof Uint8Array && first.byteLength === 65_536);
    await writing;
    chunk.fill(2);
    pipe.end();
    const rest = pipe.take();
    assert.ok(rest instanceof Uint8Array && rest.every((byte) => byte === 1));
    assert.equal(rest.byteLength, 100_000 - 65_536);
    assert.equal(pipe.take(), "end");
    await assert.rejects(pipe.write(chunk), { name: "BrokenPipe" });
  });

  it("newTask() refuses streams that it cannot make, by name, and makes nothing", async () => {
    await runOn({}, async ({ client }) => {
      await client.create("c", commandSpec(["true"]), SHIM);
      await client.create("tty", commandSpec(["true"], { terminal: true }), SHIM);
      const locked = new WritableStream<Uint8Array<ArrayBuffer>>();
      locked.getWriter();
      for (
        const [id, stdio, code, field] of [
          ["c", { stdin: "inherit" }, "unimplemented", "stdio.stdin"],
          ["c", { stdout: "inherit" }, "unimplemented", "stdio.stdout"],
          ["c", { stdin: { file: "/in" } }, "unimplemented", "stdio.stdin"],
          ["c", { stderr: { file: "/err" } }, "unimplemented", "stdio.stderr"],
          ["c", { stdout: { uri: "file:///log" } }, "unimplemented", "stdio.stdout"],
          ["c", { stdout: { file: "log" } }, "invalid_argument", "stdio.stdout"],
          ["c", { stdout: "pipe" as never }, "invalid_argument", "stdio.stdout"],
          ["c", { stdout: 1 as never }, "invalid_argument", "stdio.stdout"],
          ["c", { stdout: locked }, "invalid_argument", "stdio.stdout"],
          ["c", { stdin: new WritableStream() as never }, "invalid_argument", "stdio.stdin"],
          ["c", { stdout: new ReadableStream() as never }, "invalid_argument", "stdio.stdout"],
          ["c", { stdfoo: "piped" } as never, "invalid_argument", "stdio.stdfoo"],
          ["tty", { stdout: "piped", stderr: "piped" }, "invalid_argument", "stdio.stderr"],
        ] as readonly (readonly [string, StdioOptions, "unimplemented", string])[]
      ) {
        await rejectsWith(client.start(id, { stdio }), code, { field });
        await rejectsWith(client.status(id), "failed_precondition");
      }
    });
  });

  it("start() that is refused lets go of the streams that it was given", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", commandSpec(["missing"]), SHIM);
      const cancelled = Promise.withResolvers<void>();
      const closed = Promise.withResolvers<void>();
      const stdin = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() });
      const stdout = new WritableStream({ close: () => closed.resolve() });
      await rejectsWith(client.start("c", { stdio: { stdin, stdout } }), "invalid_argument");
      await Promise.all([cancelled.promise, closed.promise]);
      assert.equal(host.residue().streams, 0);
    });
  });

  it("one stream for both outputs gets both, in order", async () => {
    const programs = {
      async both(context: ProgramContext) {
        for (const text of ["1", "3"]) {
          await context.print(text);
          await context.printError(String(Number(text) + 1));
        }
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      const { readable, writable } = new TransformStream<
        Uint8Array<ArrayBuffer>,
        Uint8Array<ArrayBuffer>
      >();
      const text = textOf(readable);
      await client.run("c", commandSpec(["both"]), SHIM, {
        stdio: { stdout: writable, stderr: writable },
      });
      assert.equal(await text, "1234");
    });
  });

  it("a stream of the caller that fails is told of, and the process goes on", async () => {
    await runOn({}, async ({ client }) => {
      await client.create("c", commandSpec(["cat"]), SHIM);
      const container = await (await client.runtime()).loadContainer("c");
      for (const name of ["stdin", "stdout"] as const) {
        const errors: ContainerError[] = [];
        const problem = new Error("full");
        const fail = () => {
          throw problem;
        };
        const task = await container.newTask({
          stdio: name === "stdin"
            ? { stdin: new ReadableStream<Uint8Array>({ pull: fail }) }
            : { stdin: new Blob(["in"]).stream(), stdout: new WritableStream({ write: fail }) },
          onStreamError: (error) => errors.push(error),
        });
        await task.start();
        assert.equal(assertExited(await task.wait(), 0).truncated, name === "stdout");
        assert.deepEqual(errors.map(({ code, cause }) => [code, cause]), [["data_loss", problem]]);
        assert.match(errors[0]?.message ?? "", new RegExp(name));
        await task.delete();
      }
    });
  });

  it("closeStdin() comes after what was written, also with a writer that holds the stream", async () => {
    await runOn({}, async ({ client }) => {
      await client.create("c", commandSpec(["cat"]), SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped", stdout: "piped" } });
      const writer = task.stdio.stdin.getWriter();
      const chunk = new Uint8Array(50_000);
      const writes = [writer.write(chunk), writer.write(chunk), writer.write(chunk)];
      const close = client.closeStdin("c");
      const output = await textOf(task.stdio.stdout);
      await Promise.all([...writes, close]);
      assert.equal(output.length, 150_000);
      assertExited(await task.wait(), 0);
      const late = await rejection(writer.write(chunk));
      assert.ok(isContainerError(late, "failed_precondition"));
      assert.equal(late.processId, "init");
    });
  });

  it("closeStdin() by a client that did not start the process ends its input, too", async () => {
    await runOn({}, async ({ client, host }) => {
      await client.create("c", commandSpec(["cat"]), SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped", stdout: "piped" } });
      await disposeAfter(clientOf(host), (other) => other.closeStdin("c"));
      assertExited(await task.wait(), 0);
    });
  });

  it("a write of something else than bytes fails by its field, and ends the input", async () => {
    await runOn({}, async ({ client }) => {
      await client.create("c", commandSpec(["cat"]), SHIM);
      const task = await client.start("c", { stdio: { stdin: "piped" } });
      const error = await rejection(task.stdio.stdin.getWriter().write("text" as never));
      assert.ok(isContainerError(error, "invalid_argument"));
      assert.equal(error.field, "chunk");
      assertExited(await task.wait(), 0);
    });
  });

  it("an output that is cancelled is thrown away, and the process is not held up", async () => {
    const programs = {
      async flood(context: ProgramContext) {
        for (let i = 0; i < 100; i++) await context.print(new Uint8Array(10_000));
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["flood"]), SHIM);
      const task = await client.start("c", { stdio: { stdout: "piped" } });
      await task.stdio.stdout.cancel();
      assert.equal(assertExited(await task.wait(), 0).truncated, false);
    });
  });

  it("restore() attaches to the streams where a client that was closed left them", async () => {
    await runOn({}, async ({ client, host }) => {
      const stdio = { stdin: "piped", stdout: "piped" } as const;
      await client.create("c", commandSpec(["cat"]), SHIM);
      await disposeAfter(clientOf(host), async (first) => {
        const task = await first.start("c", { stdio });
        const writer = task.stdio.stdin.getWriter();
        await writer.write(bytes("one"));
        const reader = task.stdio.stdout.getReader();
        assert.deepEqual((await reader.read()).value, bytes("one"));
        const pending = reader.read();
        await first[Symbol.asyncDispose]();
        assert.equal((await pending).done, true);
        const late = await rejection(writer.write(bytes("late")));
        assert.ok(isContainerError(late, "failed_precondition"));
      });
      const { alive, process } = await client.restore("c", { stdio });
      assert.equal(alive, true);
      assert.ok(process);
      await writeAll(process.stdio.stdin, "two");
      assert.equal(await textOf(process.stdio.stdout), "two");
      assertExited(await process.wait(), 0);
    });
  });

  it("restore() refuses what is fixed when a process is made, and gives no stream that is not", async () => {
    await runOn({ files: nodeFiles }, async ({ client, host }) => {
      await client.create("c", commandSpec(["cat"]), SHIM);
      await client.start("c", { stdio: { stdin: "piped" } });
      await disposeAfter(clientOf(host), async (other) => {
        const file = other.restore("c", { stdio: { stdout: { file: "/log" } } });
        await rejectsWith(file, "invalid_argument", { field: "stdio.stdout" });
        const { process } = await other.restore("c", { stdio: { stdout: "piped" } });
        assert.equal(process?.stdio.stdout, null);
      });
    });
  });

  it("a terminal has one output, turns line ends, and tells of its size", async () => {
    const programs = {
      async screen(context: ProgramContext) {
        const sizes: unknown[] = [context.terminalSize()];
        const changed = Promise.withResolvers<void>();
        context.onSignal("WINCH", () => changed.resolve());
        await context.printError("a\nb\n");
        await changed.promise;
        sizes.push(context.terminalSize());
        await context.print(`${JSON.stringify(sizes)}\n`);
        return 0;
      },
    };
    await runOn({ programs }, async ({ client }) => {
      await client.create("c", commandSpec(["true"]), SHIM);
      const spec = commandSpec(["sleep", "infinity"]);
      await client.create("d", spec, SHIM);
      await client.start("d");
      const process = {
        ...processSpec({ args: ["screen"], terminal: true }),
        consoleSize: { width: 100, height: 30 },
      };
      const exec = await client.exec("d", "x", process, { stdio: { stdout: "piped" } });
      await client.resizeTerminal("d", "x", { columns: 50, rows: 20 });
      const text = await textOf(exec.stdio.stdout);
      assert.equal(
        text,
        'a\r\nb\r\n[{"columns":100,"rows":30},{"columns":50,"rows":20}]\r\n',
      );
      assertExited(await exec.wait(), 0);
    });
  });
});
