import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryHost, type MemoryHostOptions, script } from "../../plugins/memory/mod.ts";
import {
  type FlightRecorder,
  flightRecorder,
  type FlightRecorderOptions,
  parseRecording,
  type RecordedMethod,
  type Recording,
  replay,
  type ReplayResult,
} from "../../plugins/recorder/mod.ts";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import type { RuntimeEvent } from "../../src/events.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { eventually } from "../helpers/eventually.ts";
import { clientOf, commandSpec, SHIM, testPrograms } from "../memory/bed.ts";

interface Scene {
  readonly client: Client;
  readonly host: MemoryHost;
  readonly recorder: FlightRecorder;
  /** Waits until the stream of events, which is read all the time, has brought one. */
  brought(matches: (event: RuntimeEvent) => boolean): Promise<void>;
  /** Waits until a call has begun: a client looks for what it is about first. */
  called(method: RecordedMethod): Promise<void>;
}

interface SceneOptions extends FlightRecorderOptions {
  readonly host?: MemoryHostOptions;
  /** Done by nobody whom the recorder knows. */
  readonly before?: (host: MemoryHost) => Promise<void>;
}

/** Records what `play` does; it is written to JSON and read again, as that of a user is. */
async function recorded(
  play: (scene: Scene) => Promise<void>,
  options: SceneOptions = {},
): Promise<{ recording: Recording; text: string }> {
  const { host: hostOptions, before, ...recorderOptions } = options;
  const host = new MemoryHost({ programs: testPrograms, ...hostOptions });
  await before?.(host);
  const recorder = flightRecorder(recorderOptions);
  const client = clientOf(host, { recorder });
  const told: RuntimeEvent[] = [];
  const wakes = new Set<() => void>();
  try {
    const events = client.events();
    (async () => {
      for await (const event of events) {
        told.push(event);
        for (const wake of wakes) wake();
      }
    })();
    await events.ready;
    const brought = async (matches: (event: RuntimeEvent) => boolean) => {
      while (!told.some(matches)) {
        await new Promise<void>((resolve) => void wakes.add(resolve));
      }
    };
    const called = async (method: RecordedMethod) => {
      const isCalled = () =>
        recorder.entries().some((entry) => entry.kind === "call" && entry.method === method);
      while (!isCalled()) await new Promise((resolve) => setTimeout(resolve, 0));
    };
    await play({ client, host, recorder, brought, called });
    const recording = parseRecording(JSON.stringify(recorder));
    return { recording, text: recorder.text() };
  } finally {
    await host[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
  }
}

const isExit = (event: RuntimeEvent) => event.type === "exit";
const isDelete = (event: RuntimeEvent) => event.type === "delete";

/** Replays twice: both are the same. */
async function replayed(recording: Recording): Promise<ReplayResult> {
  const result = await replay(recording);
  assert.deepEqual(await replay(recording), result);
  return result;
}

describe("replay()", () => {
  it("replay() replays a container with its end, its output and its events", async () => {
    const { recording } = await recorded(async ({ client, brought }) => {
      await client.create("web", commandSpec(["print", "out", "err"]), SHIM);
      const web = await client.start("web", { stdio: { stdout: "piped", stderr: "piped" } });
      assert.equal(await new Response(web.stdio.stdout).text(), "out");
      assert.equal(await new Response(web.stdio.stderr).text(), "err");
      await web.wait();
      await client.deleteTask("web");
      await client.delete("web");
      await brought(isDelete);
    });
    const { calls, events, differences, pending } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.deepEqual(pending, []);
    assert.deepEqual(
      events.map(({ event }) => event["type"]),
      ["create", "start", "exit", "delete"],
    );
    const waited = calls.find(({ method }) => method === "process.wait");
    assert.equal(waited?.value?.["code"], 0);
  });

  it("replay() reproduces a hang: an exit event that never came, and a call that hung", async () => {
    const { recording, text } = await recorded(async ({ client, host, brought, called }) => {
      host.faults.dropEvents({ matches: isExit });
      host.faults.hangCalls({ method: "wait", containerId: "web" });
      const hung = host.faults.hangCalls({ method: "pause" });
      await client.create("web", commandSpec(["exit", "3"]), SHIM);
      await client.start("web");
      await brought(({ type }) => type === "start");
      client.wait("web").catch(() => {});
      await called("process.wait");
      client.pause("web").catch(() => {});
      await hung.struck();
    });
    const lines = text.trimEnd().split("\n");
    const pending = lines.filter((line) => line.includes("PENDING"));
    assert.deepEqual(pending, lines.slice(-2));
    assert.match(pending[0] ?? "", /PENDING +#\d+ +web\/init +process\.wait since \+/);
    assert.match(pending[1] ?? "", /PENDING +#\d+ +web\/init +task\.pause since \+/);

    const result = await replayed(recording);
    assert.deepEqual(result.pending.map(({ method }) => method), ["process.wait", "task.pause"]);
    assert.deepEqual(result.events.map(({ event }) => event["type"]), ["create", "start"]);
    assert.deepEqual(result.differences, []);
  });

  it("replay() tells a call that ends otherwise as a difference", async () => {
    const { recording } = await recorded(async ({ client }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web");
      await web.kill("KILL");
      await web.wait();
    });
    // As of a runtime that tells another code by each call.
    const waits = recording.entries.flatMap((entry) =>
      entry.kind === "call" && entry.method === "process.wait" ? [entry.call] : []
    );
    const entries = recording.entries.map((entry) =>
      entry.kind === "return" && waits.includes(entry.call)
        ? { ...entry, value: { ...entry.value, code: 0 } }
        : entry
    );
    const { differences } = await replay({ ...recording, entries });
    const [difference] = differences.filter(({ what }) => what === "call");
    assert.equal(difference?.recorded, "ok exited code 0");
    assert.equal(difference?.replayed, "ok exited code 137");
    assert.match(difference?.subject ?? "", /^#\d+ process\.wait web\/init$/);
  });

  it("replay() lets a process go on that was killed and did not end", async () => {
    const { recording } = await recorded(async ({ client }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web");
      await web.kill("KILL");
      await web.wait();
    });
    // As the kernel does with one that it cannot end: nothing tells of its end.
    const entries = recording.entries.filter((entry) => {
      if (entry.kind === "exited") return false;
      if (entry.kind === "event") return entry.event["type"] !== "exit";
      return entry.kind !== "return" || entry.value?.["state"] !== "exited";
    });
    const result = await replayed({ ...recording, entries });
    assert.deepEqual(result.pending.map(({ method }) => method), ["process.wait"]);
    assert.deepEqual(result.differences, []);
  });

  it("replay() replays further processes, input, and signals", async () => {
    const { recording } = await recorded(async ({ client, brought }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      const cat = await client.exec("web", "cat", { args: ["cat"], cwd: "/" }, {
        stdio: { stdin: "piped", stdout: "piped" },
      });
      const writer = cat.stdio.stdin.getWriter();
      await writer.write(new TextEncoder().encode("secret"));
      await writer.close();
      assert.equal(await new Response(cat.stdio.stdout).text(), "secret");
      await cat.wait();
      await client.signalProcess("web", "init", "TERM");
      await client.wait("web");
      await brought((event) => event.type === "exit" && event.processId === "init");
      await client.delete("web", { force: true });
      await brought((event) => event.type === "delete" && event.processId === "init");
    }, { contents: true });
    const { differences, events, pending } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.deepEqual(pending, []);
    const exits = events.filter(({ event }) => event["type"] === "exit");
    assert.deepEqual(exits.map(({ event }) => event["processId"]), ["cat", "init"]);
    assert.deepEqual(exits.map(({ event }) => event["status"]).map(code), [0, 143]);
  });

  it("replay() loses the connection when it was lost, and fails what failed", async () => {
    const { recording } = await recorded(async ({ client, host, brought }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      const failing = host.faults.failCalls({ method: "pause", code: "internal", times: 1 });
      await assert.rejects(client.pause("web"), (error) => isContainerError(error, "internal"));
      assert.equal(failing.count, 1);
      const lost = host.faults.loseConnection();
      await assert.rejects(client.stats("web"), (error) => isContainerError(error, "unavailable"));
      await brought(({ type }) => type === "disconnected");
      host.faults.killInit("web");
      lost.lift();
      await brought(({ type }) => type === "connected");
      assert.equal(code(await client.wait("web")), 137);
      await brought(isExit);
    });
    const { differences, calls, events } = await replayed(recording);
    assert.deepEqual(differences, []);
    const failed = calls.filter(({ outcome }) => outcome === "error");
    assert.deepEqual(failed.map(({ code }) => code), ["internal", "unavailable"]);
    assert.deepEqual(
      events.map(({ event }) => event["type"]),
      ["create", "start", "disconnected", "connected", "exit"],
    );
    assert.equal(events.at(-1)?.event["source"], "reconciled");
  });

  it("replay() reconciles an exit, and a removal, whose events were lost, as they were", async () => {
    const { recording } = await recorded(async ({ client, host, brought }) => {
      host.faults.dropEvents({ matches: isExit });
      await client.create("web", commandSpec(["exit", "3"]), SHIM);
      await client.start("web");
      await client.wait("web");
      await brought(isExit);
      await client.deleteTask("web");
      await brought(isDelete);
    });
    // As of a shim that was gone before it could tell.
    const entries = recording.entries.map((entry) =>
      entry.kind === "event" && entry.event["type"] === "delete"
        ? { ...entry, event: { ...entry.event, source: "reconciled" } }
        : entry
    );
    const { differences, events } = await replay({ ...recording, entries });
    assert.deepEqual(differences, []);
    const sources = events.map(({ event }) => event["source"]);
    assert.deepEqual(sources, ["observed", "observed", "reconciled", "reconciled"]);
  });

  it("replay() tells of an exit event that no stream brought though others knew of the end", async () => {
    const { recording } = await recorded(async ({ client, brought }) => {
      await client.create("web", commandSpec(["exit", "3"]), SHIM);
      await client.start("web");
      await client.wait("web");
      await brought(isExit);
    });
    const entries = recording.entries.filter((entry) =>
      entry.kind !== "event" || entry.event["type"] !== "exit"
    );
    const { differences, events } = await replayed({ ...recording, entries });
    assert.deepEqual(events.map(({ event }) => event["type"]), ["create", "start"]);
    assert.deepEqual(differences, []);
  });

  it("replay() aborts what was aborted, where it was", async () => {
    const { recording } = await recorded(async ({ client, host }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      const hung = host.faults.hangCalls({ method: "stats" });
      const abort = new AbortController();
      const asked = client.stats("web", { signal: abort.signal });
      const waited = client.wait("web", { signal: abort.signal });
      await hung.struck();
      abort.abort();
      await Promise.allSettled([asked, waited]);
    });
    const { differences, calls } = await replayed(recording);
    assert.deepEqual(differences, []);
    const aborted = calls.filter(({ outcome }) => outcome === "aborted");
    assert.deepEqual(aborted.map(({ method }) => method), ["task.stats", "process.wait"]);
  });

  it("replay() fails the start of a missing command, and an id in use, by themselves", async () => {
    const { recording } = await recorded(async ({ client }) => {
      await client.create("web", commandSpec(["/no/such/program"]), SHIM);
      await assert.rejects(client.start("web"));
      await assert.rejects(client.create("web", commandSpec(["true"]), SHIM));
      await assert.rejects(client.signalProcess("web", "init", 9));
    });
    const { differences, calls } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.ok(calls.some(({ method, outcome }) => method.endsWith("Task") && outcome === "error"));
    assert.ok(calls.some(({ code }) => code === "conflict"));
  });

  it("replay() makes what was there before, and what others do meanwhile", async () => {
    const others = async (host: MemoryHost) => {
      const client = clientOf(host, { id: "others" });
      await client.create("old", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("old");
      await client[Symbol.asyncDispose]();
    };
    const { recording } = await recorded(async ({ client, host, brought }) => {
      const { process } = await client.restore("old");
      assert.ok(process);
      const other = clientOf(host, { id: "others" });
      await other.create("new", commandSpec(["exit", "9"]), SHIM);
      await other.start("new");
      await brought((event) => event.type === "exit" && event.containerId === "new");
      await other.deleteTask("new");
      await brought(isDelete);
      await other[Symbol.asyncDispose]();
      await process.kill("KILL");
      assert.equal(code(await process.wait()), 137);
      await brought((event) => event.type === "exit" && event.containerId === "old");
    }, { before: others });
    const { differences, events } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.deepEqual(
      events.map(({ event }) => `${event["containerId"]} ${event["type"]}`),
      ["new create", "new start", "new exit", "new delete", "old exit"],
    );
  });

  it("replay() does what others did once, however many streams told of it", async () => {
    const { recording } = await recorded(async ({ host, recorder, brought }) => {
      const second = clientOf(host, { recorder });
      const events = second.events();
      await events.ready;
      const iterator = events[Symbol.asyncIterator]();
      const other = clientOf(host, { id: "others" });
      await other.create("new", commandSpec(["exit", "9"]), SHIM);
      await other.start("new");
      await brought(isExit);
      const told = [await iterator.next(), await iterator.next(), await iterator.next()];
      assert.deepEqual(told.map(({ value }) => value?.type), ["create", "start", "exit"]);
      await iterator.return?.();
      await other[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    });
    const { differences, events } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.equal(events.length, 6);
  });

  it("replay() makes what others have made in a container of one's own", async () => {
    const { recording } = await recorded(async ({ client, host }) => {
      await client.create("web", commandSpec(["cat"]), SHIM);
      const other = clientOf(host, { id: "others" });
      const started = await other.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      await other.exec("web", "idle", { args: ["sleep", "infinity"], cwd: "/" });
      await started.resize({ columns: 1, rows: 1 }).catch(() => {});
      await other[Symbol.asyncDispose]();
      const { process } = await client.restore("web", {
        stdio: { stdin: "piped", stdout: "piped" },
      });
      const { stdin, stdout } = process?.stdio ?? assert.fail();
      const writer = stdin?.getWriter() ?? assert.fail();
      await writer.write(new TextEncoder().encode("hello"));
      await writer.close();
      assert.equal(await new Response(stdout).text(), "hello");
      assert.equal(code(await process?.wait()), 0);
    });
    // By a client that does not listen.
    const listening = recording.entries.flatMap((entry) =>
      entry.kind === "call" && entry.method === "runtime.events" ? [entry.call] : []
    );
    const entries = recording.entries.filter((entry) =>
      !("call" in entry) || !listening.includes(entry.call)
    );
    const { differences } = await replayed({ ...recording, entries });
    assert.deepEqual(differences, []);
  });

  it("replay() replays what was never started, limits beyond 2^53, and deletes it", async () => {
    const { recording } = await recorded(async ({ client }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      const web = await client.start("web");
      await web.updateResources?.({ memory: { limit: 2n ** 62n } });
      const idle = await web.exec("idle", { args: ["true"], cwd: "/" });
      await idle.delete();
    });
    // As containerd tells it.
    const entries = recording.entries.map((entry) =>
      entry.kind === "return" && entry.processId === "idle" && entry.value?.["state"]
        ? { ...entry, value: { ...entry.value, code: 0 } }
        : entry.kind === "exited"
        ? { ...entry, status: { ...entry.status, code: 0 } }
        : entry
    );
    const { differences } = await replayed({ ...recording, entries });
    assert.deepEqual(differences, []);
  });

  it("replay() replays a process that two remove at once, with the event of that", async () => {
    const { recording } = await recorded(async ({ client, brought }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      const more = await client.exec("web", "more", processSpec({ args: ["sleep", "infinity"] }));
      await client.signalProcess("web", "more", "KILL");
      await more.wait();
      // The client removes its record, too.
      await more.delete();
      await brought(isDelete);
    });
    const removals = recording.entries.filter((entry) =>
      entry.kind === "call" && entry.method === "process.delete"
    );
    assert.equal(removals.length, 2);
    const { differences, events } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.equal(events.filter(({ event }) => event["type"] === "delete").length, 1);
  });

  it("replay() replays events though the subscription fell out long ago", async () => {
    const { recording } = await recorded(async ({ client, recorder, brought }) => {
      const { dropped } = recorder;
      while (recorder.dropped < dropped + 20) await client.version();
      await client.create("web", commandSpec(["exit", "3"]), SHIM);
      await client.start("web");
      await client.wait("web");
      await client.deleteTask("web");
      await brought(isDelete);
    }, { limit: 30 });
    const [first, second] = recording.entries;
    assert.ok(first?.kind === "call" && first.method === "runtime.events");
    assert.ok(second?.kind === "return" && second.call === first.call);
    const { differences, events } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.deepEqual(
      events.map(({ event }) => event["type"]),
      ["create", "start", "exit", "delete"],
    );
  });

  it("replay() replays calls on a handle whose call fell out, and a stream from its midst", async () => {
    const { recording } = await recorded(async ({ client, brought }) => {
      await client.create("web", commandSpec(["cat"]), SHIM);
      const web = await client.start("web", { stdio: { stdin: "piped", stdout: "piped" } });
      const writer = web.stdio.stdin.getWriter();
      const reader = web.stdio.stdout.getReader();
      for (let count = 0; count < 3; count++) {
        await writer.write(new Uint8Array(5));
        await reader.read();
      }
      await writer.close();
      assert.equal((await reader.read()).done, true);
      await web.wait();
      await brought(isExit);
    });
    const { entries, dropped } = recording;
    const load = entries.find((entry) =>
      entry.kind === "call" && entry.method === "runtime.loadContainer"
    );
    const pieces = entries.filter((entry) => entry.kind === "stdio" && entry.edge === "data");
    assert.ok(load && pieces.length === 3);
    for (const last of [load, pieces[1], pieces[2]]) {
      const at = entries.findIndex(({ seq }) => seq === last?.seq) + 1;
      assert.ok(at > 0);
      const isKept = (each: number) => {
        const entry = entries[each];
        const isOfStream = entry?.kind === "call" && entry.method === "runtime.events";
        return each >= at || isOfStream || (entry?.kind === "return" && entry.call === 1);
      };
      const rest = entries.filter((_, each) => isKept(each));
      const cut = { ...recording, entries: rest, dropped: dropped + entries.length - rest.length };
      const { calls, differences } = await replayed(cut);
      assert.deepEqual(differences, [], `after ${at} of ${entries.length} entries`);
      assert.deepEqual(calls.filter(({ outcome }) => outcome === "not-run"), []);
    }
  });

  it("replay() replays what is left of a recording whose beginning fell out", async () => {
    const { recording } = await recorded(async ({ client, recorder }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      while (recorder.dropped < 20) await client.status("web");
      client.wait("web").catch(() => {});
      await client.status("web");
    }, { limit: 10 });
    assert.ok(recording.dropped >= 20);
    const { differences, pending } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.deepEqual(pending.map(({ method }) => method), ["process.wait"]);
  });

  it("replay() ends a container for want of memory, as it ended", async () => {
    const { recording } = await recorded(async ({ client, host, brought }) => {
      await client.create("web", commandSpec(["sleep", "infinity"]), SHIM);
      await client.start("web");
      host.faults.exhaustMemory("web");
      await client.wait("web");
      await brought(isExit);
    });
    const { differences, events } = await replayed(recording);
    assert.deepEqual(differences, []);
    assert.deepEqual(events.map(({ event }) => event["type"]), ["create", "start", "oom", "exit"]);
  });

  it("replay() runs programs of one's own on a host of one's own", async () => {
    const { recording } = await recorded(async ({ client }) => {
      await client.create("web", commandSpec(["web"]), SHIM);
      const web = await client.start("web", { stdio: { stdout: "piped" } });
      assert.equal(await new Response(web.stdio.stdout).text(), "hello");
      await web.wait();
    }, { contents: true, host: { programs: { web: script([{ print: "hello" }, { exit: 2 }]) } } });
    const same = new MemoryHost({ programs: { web: script([{ print: "hello" }, { exit: 2 }]) } });
    const alike = await replay(recording, { host: same });
    assert.deepEqual(alike.differences.filter(({ what }) => what !== "event"), []);
    const other = new MemoryHost({ programs: { web: script([{ print: "world" }, { exit: 4 }]) } });
    const { differences } = await replay(recording, { host: other });
    assert.deepEqual(
      differences.filter(({ what }) => what === "stream").map(({ replayed }) => replayed),
      [
        `base64:${btoa("world")}`,
      ],
    );
    assert.ok(differences.some(({ replayed }) => replayed === "ok exited code 4"));
    assert.equal(same.residue().connections, 0);
    await Promise.all([same[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
  });

  it("replay() rejects with the reason of its signal, also while it waits", async () => {
    const { recording } = await recorded(async ({ client, brought }) => {
      await client.create("web", commandSpec(["true"]), SHIM);
      await client.start("web");
      await brought(isExit);
    });
    const reason = new Error("enough");
    await assert.rejects(replay(recording, { signal: AbortSignal.abort(reason) }), reason);
    // Events that nothing brings about are waited for.
    const entries = recording.entries.map((entry) =>
      entry.kind === "event" && entry.event["type"] === "exit"
        ? { ...entry, event: { ...entry.event, type: "oom-again" } }
        : entry
    );
    const abort = new AbortController();
    const budgetMs = 59_999;
    const [waits, restore] = timersOf(budgetMs);
    try {
      const waiting = replay({ ...recording, entries }, { signal: abort.signal, budgetMs });
      await eventually("a wait that lasts", async () => {
        const [first] = waits;
        for (let turn = 0; turn < 3; turn++) await new Promise((go) => setTimeout(go, 0));
        return first !== undefined && waits.has(first);
      });
      abort.abort(reason);
      await assert.rejects(waiting, reason);
      assert.equal(waits.size, 0);
    } finally {
      restore();
    }
  });

  it("replay() refuses bad options and recordings", async () => {
    const { recording } = await recorded(({ client }) => client.version().then(() => {}));
    const refused = (field: string) => (error: unknown) =>
      isContainerError(error, "invalid_argument") && error.field === field;
    for (const budgetMs of [0, Symbol("x"), Object.create(null)] as number[]) {
      await assert.rejects(replay(recording, { budgetMs }), refused("budgetMs"));
    }
    await assert.rejects(
      replay(recording, { host: {} as unknown as MemoryHost }),
      refused("host"),
    );
    await assert.rejects(
      replay({ ...recording, version: 2 as unknown as 1 }),
      refused("recording.version"),
    );
  });
});

/** The timers of a certain length that run, and what ends their being counted. */
function timersOf(delayMs: number): [timers: ReadonlySet<unknown>, restore: () => void] {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const timers = new Set<unknown>();
  globalThis.setTimeout = ((callback: () => void, ms?: number) => {
    const timer = set(callback, ms);
    if (ms === delayMs) timers.add(timer);
    return timer;
  }) as typeof set;
  globalThis.clearTimeout = ((timer: never) => {
    timers.delete(timer);
    clear(timer);
  }) as typeof clear;
  return [timers, () => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear })];
}

function code(status: unknown): unknown {
  return (status as { readonly code?: unknown }).code;
}
