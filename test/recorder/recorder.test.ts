import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { MemoryHost } from "../../plugins/memory/mod.ts";
import {
  type Entry,
  type FlightRecorder,
  flightRecorder,
  type FlightRecorderOptions,
  type StdioEntry,
} from "../../plugins/recorder/mod.ts";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { clientOf, commandSpec, SHIM, testPrograms } from "../memory/bed.ts";

interface Scene {
  readonly client: Client;
  readonly host: MemoryHost;
  readonly recorder: FlightRecorder;
}

async function withRecorder(
  options: FlightRecorderOptions,
  use: (scene: Scene) => Promise<void>,
): Promise<void> {
  const host = new MemoryHost({ programs: testPrograms });
  const recorder = flightRecorder(options);
  const client = clientOf(host, { recorder });
  try {
    await use({ client, host, recorder });
  } finally {
    await host[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
  }
}

function edges(recorder: FlightRecorder, stream: string): readonly StdioEntry[] {
  return recorder.entries().filter((entry): entry is StdioEntry =>
    entry.kind === "stdio" && entry.stream === stream
  );
}

function shown({ edge, offset, bytes, message }: StdioEntry): string {
  return [edge, offset, bytes, message].filter((part) => part !== undefined).join(" ");
}

const encode = (text: string) => new TextEncoder().encode(text);

describe("flightRecorder()", () => {
  it("flightRecorder() takes down calls with their ids, outcomes and times", async () => {
    await withRecorder({}, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["exit", "3"]), SHIM);
      const web = await client.start("web");
      await web.wait();
      await assert.rejects(client.create("web", commandSpec(["true"]), SHIM));
      const calls = recorder.entries().flatMap((entry) => entry.kind === "call" ? [entry] : []);
      assert.deepEqual(
        calls.map(({ method, containerId, processId }) =>
          [method, containerId, processId].join(" ").trim()
        ),
        [
          "runtime.createContainer web",
          "runtime.loadContainer web",
          "container.newTask web",
          "process.start web init",
          "process.wait web init",
          "runtime.createContainer web",
        ],
      );
      const returns = recorder.entries().flatMap((entry) => entry.kind === "return" ? [entry] : []);
      assert.deepEqual(returns.map(({ call }) => call), calls.map(({ call }) => call));
      assert.equal(returns[4]?.value?.["code"], 3);
      assert.equal(returns[5]?.code, "conflict");
      assert.match(returns[5]?.message ?? "", /"web"/);
      const entries = recorder.entries();
      entries.forEach((entry, index) => {
        const before = entries[index - 1];
        assert.ok(before === undefined || (entry.seq > before.seq && entry.atMs >= before.atMs));
        assert.ok(Math.abs(entry.timeMs - Date.now()) < 60_000);
      });
    });
  });

  it("flightRecorder() tells an abort by the caller from other errors", async () => {
    await withRecorder({}, async ({ client, host, recorder }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web");
      const abort = new AbortController();
      const hung = host.faults.hangCalls({ method: "status" });
      const asked = web.status({ signal: abort.signal });
      await hung.struck();
      const reason = new Error("enough");
      abort.abort(reason);
      await assert.rejects(asked, reason);
      const last = recorder.entries().at(-1);
      assert.ok(last?.kind === "return");
      assert.deepEqual([last.outcome, last.message], ["aborted", "enough"]);
    });
  });

  it("flightRecorder() leaves out environments, options and contents, unless asked for", async () => {
    const play = async ({ client, recorder }: Scene) => {
      const spec = linuxSpec({ args: ["cat"], rootfs: "/rootfs", env: { TOKEN: "hunter2" } });
      await client.create("web", spec, SHIM, { runtimeOptions: { criuWorkPath: "/hunter2" } });
      const web = await client.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      const writer = web.stdio.stdin.getWriter();
      await writer.write(encode("hunter2"));
      await writer.close();
      assert.equal(await new Response(web.stdio.stdout).text(), "hunter2");
      await client.exec("web", "more", { args: ["true"], cwd: "/", env: ["T=hunter2"] })
        .catch(() => {}); // the first process may have ended
      return JSON.stringify(recorder) + recorder.text();
    };
    await withRecorder({}, async (scene) => {
      const all = await play(scene);
      assert.doesNotMatch(all, /hunter2/);
      assert.ok(!all.includes(btoa("hunter2")));
      assert.match(all, /redacted/);
    });
    await withRecorder({ contents: true }, async (scene) => {
      const all = await play(scene);
      assert.match(all, /TOKEN=hunter2/);
      assert.match(all, /criuWorkPath/);
      assert.ok(all.includes(btoa("hunter2")));
    });
  });

  it("flightRecorder() takes down every edge of piped streams", async () => {
    await withRecorder({}, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["cat"]), SHIM);
      const web = await client.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      assert.equal(web.stdio.stdin, web.stdio.stdin);
      const writer = web.stdio.stdin.getWriter();
      const reader = web.stdio.stdout.getReader();
      await writer.write(encode("abc"));
      assert.equal((await reader.read()).value?.byteLength, 3);
      await writer.write(encode("de"));
      assert.equal((await reader.read()).value?.byteLength, 2);
      await writer.close();
      assert.equal((await reader.read()).done, true);
      await web.wait();
      assert.deepEqual(edges(recorder, "stdin").map(shown), [
        "write 0 3",
        "taken 0 3",
        "write 3 2",
        "taken 3 2",
        "close 5",
      ]);
      assert.deepEqual(edges(recorder, "stdout").map(shown), ["data 0 3", "data 3 2", "end 5"]);
    });
  });

  it("flightRecorder() takes down cancels, aborts and failures of streams", async () => {
    await withRecorder({}, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      await web.stdio.stdout.cancel("enough");
      assert.deepEqual(edges(recorder, "stdout").map(shown), ["cancel 0"]);
      const writer = web.stdio.stdin.getWriter();
      const closed = assert.rejects(writer.closed);
      await web.kill("KILL");
      await web.wait();
      await assert.rejects(writer.write(encode("late")));
      await closed;
      assert.match(shown(edges(recorder, "stdin").at(-1) ?? assert.fail()), /^error/);
    });
  });

  it("flightRecorder() takes down streams of the caller's own, which get the same bytes", async () => {
    await withRecorder({}, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["cat"]), SHIM);
      const got: number[] = [];
      const target = new WritableStream<Uint8Array<ArrayBuffer>>({
        write: (chunk) => void got.push(...chunk),
      });
      const source = new Response("hello").body ?? assert.fail();
      const web = await client.start("web", { stdio: { stdin: source, stdout: target } });
      await web.wait();
      assert.equal(new TextDecoder().decode(Uint8Array.from(got)), "hello");
      assert.deepEqual(edges(recorder, "stdin").map(shown), ["data 0 5", "end 5"]);
      assert.deepEqual(edges(recorder, "stdout").map(shown), ["write 0 5", "taken 0 5", "close 5"]);
      assert.ok(edges(recorder, "stdout").every(({ containerId }) => containerId === "web"));
    });
  });

  it("flightRecorder() closes input after all that was written to it", async () => {
    await withRecorder({}, async ({ client }) => {
      await client.create("web", commandSpec(["cat"]), SHIM);
      const web = await client.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      const writer = web.stdio.stdin.getWriter();
      const written = ["a", "b", "c"].map((text) => writer.write(encode(text)));
      await web.closeStdin();
      await Promise.all(written);
      assert.equal(await new Response(web.stdio.stdout).text(), "abc");
    });
  });

  it("flightRecorder() takes down events, and what happens to their stream", async () => {
    await withRecorder({}, async ({ client, host, recorder }) => {
      const events = client.events();
      await events.ready;
      const iterator = events[Symbol.asyncIterator]();
      const next = async () => (await iterator.next()).value?.type;
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      const lost = host.faults.loseConnection();
      assert.deepEqual(
        [await next(), await next(), await next()],
        ["create", "start", "disconnected"],
      );
      lost.lift();
      assert.equal(await next(), "connected");
      await iterator.return?.();
      const found = recorder.entries().flatMap((entry) =>
        entry.kind === "event"
          ? [entry.event["type"]]
          : entry.kind === "events-end"
          ? [entry.outcome]
          : []
      );
      assert.deepEqual(found, ["create", "start", "disconnected", "connected", "left"]);
    });
  });

  it("flightRecorder() keeps at most so many entries, and tells how many fell out", async () => {
    await withRecorder({ limit: 10 }, async ({ client, recorder }) => {
      for (let count = 0; count < 20; count++) await client.version();
      const entries = recorder.entries();
      assert.equal(entries.length, 10);
      assert.equal(recorder.dropped, 30);
      assert.deepEqual(entries.map(({ seq }) => seq), [31, 32, 33, 34, 35, 36, 37, 38, 39, 40]);
      assert.match(recorder.text(), /^30 older entries fell out\n/);
    });
  });

  it("flightRecorder() keeps at most so many bytes, whatever the entries hold", async () => {
    await withRecorder({ limitBytes: 10_000, contents: true }, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["cat"]), SHIM);
      const web = await client.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      const writer = web.stdio.stdin.getWriter();
      const reader = web.stdio.stdout.getReader();
      for (let count = 0; count < 50; count++) {
        await writer.write(new Uint8Array(1000));
        await reader.read();
      }
      assert.ok(recorder.bytes <= 10_000 && recorder.bytes > 5000, `${recorder.bytes}`);
      assert.ok(JSON.stringify(recorder).length < 30_000);
      assert.ok(recorder.dropped > 50);
    });
  });

  it("flightRecorder() keeps calls that have not ended, however long ago they began", async () => {
    await withRecorder({ limit: 10 }, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web");
      web.wait().catch(() => {});
      for (let count = 0; count < 20; count++) await client.version();
      const [first] = recorder.entries();
      assert.ok(first?.kind === "call" && first.method === "process.wait");
      assert.match(recorder.text({ last: 1 }), /PENDING +#\d+ +web\/init +process\.wait/);
      await web.kill("KILL");
      await web.wait();
      assert.doesNotMatch(recorder.text(), /PENDING/);
    });
  });

  it("flightRecorder() takes down calls that are given what is no text, and their errors", async () => {
    await withRecorder({}, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web");
      for (const bad of [Symbol("x"), Object.create(null), null] as never[]) {
        await assert.rejects(
          web.exec(bad, processSpec({ args: ["true"] }), { stdio: { stdout: "null" } }),
          (error) => isContainerError(error, "invalid_argument"),
        );
      }
      for (const bad of [Symbol("x"), null] as never[]) {
        await assert.rejects(
          web.kill("KILL", bad),
          (error) => isContainerError(error, "invalid_argument"),
        );
      }
      const source = new ReadableStream({ pull: () => Promise.reject(Object.create(null)) });
      const failed = await web.exec("reads", processSpec({ args: ["cat"] }), {
        stdio: { stdin: source },
      });
      await failed.start();
      await failed.wait();
      assert.match(recorder.text(), /stdin +error .*"object"/);
      const kills = recorder.entries().flatMap((entry) =>
        entry.kind === "call" && entry.method === "process.kill" ? [entry.arguments] : []
      );
      const refused = { signal: "KILL", options: "unreadable" };
      assert.deepEqual(kills, [refused, refused]);
    });
  });

  it("flightRecorder() keeps what tells of a subscription until that is over", async () => {
    await withRecorder({ limit: 10 }, async ({ client, recorder }) => {
      const events = client.events();
      await events.ready;
      for (let count = 0; count < 20; count++) await client.version();
      const kinds = () => recorder.entries().slice(0, 2).map(({ kind, seq }) => [kind, seq]);
      assert.deepEqual(kinds(), [["call", 1], ["return", 2]]);
      assert.doesNotMatch(recorder.text(), /PENDING/);
      await events[Symbol.asyncDispose]();
      for (let count = 0; count < 20; count++) await client.version();
      assert.equal(recorder.entries().length, 10);
      assert.ok((recorder.entries()[0]?.seq ?? 0) > 2);
    });
  });

  it("flightRecorder() keeps what was before a call that is given very much", async () => {
    await withRecorder({ limitBytes: 200_000 }, async ({ client, recorder }) => {
      for (let count = 0; count < 20; count++) await client.version();
      const many = Array.from({ length: 1000 }, () => "y".repeat(1000));
      const args = ["x".repeat(5_000_000), ...many];
      const labels = Object.fromEntries(many.map((value, at) => [`label-${at}`, value]));
      await client.create("web", commandSpec(args), SHIM);
      await client.create("labelled", commandSpec(["true"]), SHIM, { labels });
      await assert.rejects(client.start("web"));
      assert.equal(recorder.dropped, 0);
      assert.ok(recorder.bytes < 100_000, `${recorder.bytes}`);
      const made = recorder.entries().flatMap((entry) =>
        entry.kind === "call" && entry.method === "runtime.createContainer" ? [entry.arguments] : []
      );
      const { args: kept } = made[0]?.["process"] as { readonly args: readonly string[] };
      assert.deepEqual(kept.slice(0, 2), [`${"x".repeat(256)}…`, `${"y".repeat(256)}…`]);
      assert.deepEqual(made[1], { tooLarge: true });
    });
  });

  it("text() is aligned, a line an entry, and only of what is asked for", async () => {
    await withRecorder({}, async ({ client, recorder }) => {
      await client.create("web", commandSpec(["true\nforged"]), SHIM);
      await client.create("db", commandSpec(["true"]), SHIM);
      const lines = recorder.text().trimEnd().split("\n");
      assert.equal(lines.length, recorder.entries().length);
      assert.match(
        lines[0] ?? "",
        /^\+0\.000000 s {2}call {4}#1 {2}web {2}runtime\.createContainer/,
      );
      const columns = lines.map((line) => line.indexOf("#"));
      assert.equal(new Set(columns).size, 1, lines.join("\n"));
      const ofDb = recorder.text({ containerId: "db" }).trimEnd().split("\n");
      assert.equal(ofDb.length, 2);
      assert.ok(ofDb.every((line) => line.includes(" db ")), ofDb.join("\n"));
      assert.deepEqual(recorder.text({ last: 1 }).split("\n")[0], "3 entries before these");
    });
  });

  it("flightRecorder() refuses bad options", () => {
    const refused = (field: string) => (error: unknown) =>
      isContainerError(error, "invalid_argument") && error.field === field;
    assert.throws(() => flightRecorder({ limit: 0 }), refused("limit"));
    assert.throws(() => flightRecorder({ limitBytes: 1.5 }), refused("limitBytes"));
    assert.throws(() => flightRecorder({ limits: 1 } as object), refused("limits"));
    const content: object = { contents: "yes" };
    assert.throws(() => flightRecorder(content), refused("contents"));
    assert.throws(() => flightRecorder().text({ last: -1 }), refused("last"));
    const notText: object = { containerId: 5 };
    assert.throws(() => flightRecorder().text(notText), refused("containerId"));
    for (const bad of [Symbol("x"), Object.create(null)] as never[]) {
      assert.throws(() => flightRecorder({ limit: bad }), refused("limit"));
      assert.throws(() => flightRecorder({ contents: bad }), refused("contents"));
      assert.throws(() => flightRecorder().text({ last: bad }), refused("last"));
      assert.throws(() => flightRecorder().text({ containerId: bad }), refused("containerId"));
    }
  });

  it("record() keeps what a plugin's handles have beside their contract, and prints them", async () => {
    class Real {
      #secret = 7;
      readonly extra = { answer: () => this.#secret };
      get id(): number {
        return this.#secret;
      }
      version(): Promise<{ version: string; revision: string }> {
        return Promise.resolve({ version: String(this.#secret), revision: "" });
      }
      own(): number {
        return ++this.#secret;
      }
      [Symbol.for("nodejs.util.inspect.custom")](): string {
        return `Real ${this.#secret}`;
      }
      createContainer = () => Promise.reject(new Error("none"));
      loadContainer = () => Promise.reject(new Error("none"));
      events = () => assert.fail();
      [Symbol.asyncDispose] = () => Promise.resolve();
    }
    const recorder = flightRecorder();
    const real = Object.freeze(new Real());
    const runtime = recorder.record(real) as Real;
    assert.equal((await runtime.version()).version, "7");
    assert.equal(runtime.own(), 8);
    assert.equal(runtime.id, 8);
    assert.equal(runtime.extra.answer(), 8);
    assert.ok("extra" in runtime && runtime instanceof Real);
    assert.equal(runtime.version, runtime.version);
    assert.equal(inspect(runtime), "Real 8");
    assert.deepEqual(Object.keys(runtime), Object.keys(real));
    assert.equal(recorder.record(real), runtime);
    const kinds = recorder.entries().map(({ kind }: Entry) => kind);
    assert.deepEqual(kinds, ["call", "return"]);
  });
});
