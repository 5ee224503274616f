import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Readable, Writable } from "node:stream";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import type { Process, Task } from "../../src/runtime.ts";
import type {
  InputSource,
  InputStream,
  OutputStream,
  OutputTarget,
  Stdio,
  StdioFor,
  StdioOptions,
} from "../../src/stdio.ts";
import { fakePlugin, FakeRuntime, spec } from "./fake-runtime.ts";

// The compiler checks what is declared here: a line that must not compile says so, and fails the
// check of the types when it does.

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;
/** Compiles only for `true`. */
function holds<_ extends true>(): void {}

async function withClient(use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(new Registry({}, { fallback: fakePlugin(new FakeRuntime()) }));
  try {
    await client.create("web", spec, "io.example.fake.v1");
    await use(client);
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

describe("types of processes", () => {
  it("start() gives the streams that were asked for, and a plain Task takes it", () =>
    withClient(async (client) => {
      const task = await client.start("web", { stdio: { stdout: "piped", stderr: "null" } });
      holds<Same<typeof task.stdio.stdout, OutputStream>>();
      holds<Same<typeof task.stdio.stderr, null>>();
      holds<Same<typeof task.stdio.stdin, null>>();
      const plain: Task = task;
      const process: Process = task;
      const output: Process<Stdio<null, OutputStream>> = task;
      // @ts-expect-error its errors are not piped
      const errors: Process<Stdio<null, OutputStream, OutputStream>> = task;
      // @ts-expect-error a plain process may have no output
      const narrower: Process<Stdio<null, OutputStream, null>> = process;
      const all: readonly object[] = [plain, process, output, errors, narrower];
      assert.ok(all.every((each) => each === task));
      assert.ok(task.stdio.stdout instanceof ReadableStream);
      assert.equal(task.stdio.stderr, null);
      assert.equal(task.stdio.stdin, null);
    }));

  it("exec() gives the streams that were asked for, and a plain Process takes it", () =>
    withClient(async (client) => {
      await client.start("web");
      const shell = await client.exec("web", "shell", { cwd: "/", args: ["sh"] }, {
        stdio: { stdin: "piped", stdout: "piped" },
      });
      holds<Same<typeof shell.stdio, StdioFor<{ stdin: "piped"; stdout: "piped" }>>>();
      holds<Same<typeof shell.stdio.stdin, InputStream>>();
      const plain: Process = shell;
      const held = new Map<string, Process>([["shell", shell]]);
      assert.equal(held.get("shell"), plain);
      assert.ok(shell.stdio.stdin instanceof WritableStream);
    }));

  it("exec() with a description of which nothing is known may have every stream or none", () =>
    withClient(async (client) => {
      await client.start("web");
      const stdio: StdioOptions = { stdout: "piped" };
      const process = await client.exec("web", "shell", { cwd: "/", args: ["sh"] }, { stdio });
      holds<Same<typeof process.stdio.stdout, OutputStream | null>>();
      // @ts-expect-error it may be null
      process.stdio.stdin satisfies InputStream;
      assert.equal(process.stdio.stdin, null);
    }));

  it("run() takes no piped streams, of which it gives no handle", () =>
    withClient(async (client) => {
      const stdio = { stdout: "piped" } as const;
      const args = ["job", { ociVersion: "1.2.0" }, "io.containerd.runc.v2"] as const;
      // @ts-expect-error nobody would read it
      const run = client.run(...args, { stdio });
      await assert.rejects(run, { code: "invalid_argument", field: "stdio.stdout" });
    }));

  it("exec() with a callback hands all streams over, errors where there is no terminal", () =>
    withClient(async (client) => {
      await client.start("web");
      const process = await client.exec("web", "shell", { cwd: "/", args: ["sh"] }, {
        stdio: ({ stdin, stdout, stderr }) => {
          holds<Same<typeof stdin, InputStream>>();
          holds<Same<typeof stderr, OutputStream | null>>();
          assert.ok(stdin && stdout && stderr);
        },
      });
      const plain: Process = process;
      assert.ok(plain.stdio.stdout);
    }));

  it("restore() gives a task with the streams that were attached to", () =>
    withClient(async (client) => {
      await client.start("web");
      const { process } = await client.restore("web", { stdio: { stdout: "piped" } });
      const task: Task | undefined = process;
      holds<Same<NonNullable<typeof process>["stdio"]["stdout"], OutputStream | null>>();
      assert.equal(task?.containerId, "web");
    }));
});

describe("types of streams of the caller", () => {
  it("InputSource takes the streams of Node, of blobs and of transforms", async () => {
    const sources: readonly InputSource[] = [
      Readable.toWeb(Readable.from([new Uint8Array(1)])),
      new Blob(["a"]).stream(),
      new TransformStream<string, Uint8Array>().readable,
      new TextEncoderStream().readable,
      new ReadableStream<Uint8Array<ArrayBuffer>>(),
    ];
    const text = new ReadableStream<string>();
    // @ts-expect-error it gives text
    const wrong: InputSource = text;
    assert.ok([...sources, wrong].every((each) => each instanceof ReadableStream));
    for (const each of sources) if (each instanceof ReadableStream) await each.cancel();
  });

  it("OutputTarget takes the streams of Node, of transforms and of text decoders", () => {
    const bytes = new TransformStream<Uint8Array, Uint8Array>();
    const buffers = new TransformStream<Uint8Array<ArrayBuffer>, string>();
    const decoder = new TextDecoderStream();
    const targets: readonly OutputTarget[] = [
      Writable.toWeb(process.stdout),
      bytes.writable,
      buffers.writable,
      decoder.writable,
      new CompressionStream("gzip").writable,
      new WritableStream<Uint8Array>(),
      new WritableStream<Uint8Array<ArrayBuffer>>(),
      new WritableStream<ArrayBufferView>(),
      new WritableStream({ write: (chunk: Uint8Array) => void chunk.byteLength }),
    ];
    const text = new WritableStream<string>();
    // @ts-expect-error it takes text
    const wrong: OutputTarget = text;
    assert.ok([...targets, wrong].every((each) => each instanceof WritableStream));
  });
});
