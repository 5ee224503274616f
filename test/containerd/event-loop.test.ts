import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sharedRootfs } from "../helpers/cache.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { ChildScript, type ScriptEnd } from "./support/child-script.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { fifoDir, openClient } from "./support/open-client.ts";

// A process that ends too early does not come to say "end", or what it waits for; one that does not
// end is killed, and has no exit code. No test depends on how long anything takes.

let daemon: Daemon;
let count = 0;

before(async () => {
  daemon = await startDaemon();
});
after(async () => {
  await daemon?.stop();
});

interface Running {
  readonly child: ChildScript;
  readonly id: string;
}

/** Runs a mode of the script to its end; `during` may act while it runs. */
async function run(
  mode: string,
  during: (running: Running) => Promise<void> = () => Promise.resolve(),
): Promise<ScriptEnd & { readonly id: string }> {
  const id = `loop-${++count}`;
  const script = new URL("./support/loop-child.ts", import.meta.url);
  const child = new ChildScript(script, [
    mode,
    daemon.address,
    daemon.namespace,
    id,
    fifoDir(daemon),
  ]);
  try {
    await during({ child, id });
    const end = await child.ended;
    assert.equal(end.stderr, "");
    assert.equal(end.code, 0, `it ended with ${end.code} after: ${end.lines.join(", ")}`);
    return { ...end, id };
  } finally {
    child.kill();
    await child.ended;
  }
}

async function state(id: string): Promise<string> {
  const row = (await daemon.ctr("tasks", "list")).split("\n").find((line) => line.startsWith(id));
  return row?.trim().split(/\s+/)[2] ?? "none";
}

async function remove(id: string): Promise<void> {
  const client = openClient(daemon);
  try {
    await client.delete(id, { force: true });
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

/** Several answers of the daemon later, a process that is not kept alive has long ended. */
async function staysFor({ child }: Running): Promise<void> {
  for (let i = 0; i < 5; i++) await daemon.ctr("version");
  assert.ok(child.isRunning, "it did not wait");
}

describe("a client that is not disposed", () => {
  it("version() does not keep the process alive when it has answered", async () => {
    const { lines } = await run("connected");
    assert.deepEqual(lines, ["end"]);
  });

  for (const mode of ["running", "piped", "restored"]) {
    it(`start() does not keep the process alive while the container runs: ${mode}`, async () => {
      const { id, lines } = await run(mode);
      try {
        assert.equal(lines.at(-1), "end");
        assert.equal(await state(id), "RUNNING");
      } finally {
        await remove(id);
      }
    });
  }

  it("exec() does not keep the process alive while the process runs", async () => {
    const { id } = await run("exec");
    try {
      const pids = (await daemon.ctr("tasks", "ps", id)).trim().split("\n").slice(1);
      assert.equal(pids.length, 2);
    } finally {
      await remove(id);
    }
  });

  it("wait() that was aborted does not keep the process alive", async () => {
    const { id } = await run("aborted wait");
    try {
      assert.equal(await state(id), "RUNNING");
    } finally {
      await remove(id);
    }
  });

  it("delete() with force ends as soon as everything is removed", async () => {
    const { lines } = await run("forced delete");
    assert.deepEqual(lines, ["deleted", "end"]);
    assert.deepEqual(await leftovers(daemon), NOTHING);
  });
});

describe("wait() and the event loop", () => {
  for (const mode of ["wait", "wait in the background"]) {
    it(`wait() keeps the process alive until the container ends: ${mode}`, async () => {
      const { id, lines } = await run(mode, async (running) => {
        await running.child.line("waiting");
        await staysFor(running);
        await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", running.id);
      });
      assert.deepEqual([...lines].sort(), ["end", "exited 137", "waiting"]);
      await remove(id);
    });
  }

  it("wait() keeps the process alive until a further process ends", async () => {
    const { id, lines } = await run("wait for exec", async (running) => {
      await running.child.line("waiting");
      await staysFor(running);
      await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", "--exec-id", "more", running.id);
    });
    assert.deepEqual(lines, ["waiting", "exited 137", "end"]);
    await remove(id);
  });

  it("wait() keeps the process alive while the daemon is gone", async () => {
    const { id, lines } = await run("wait", async (running) => {
      await running.child.line("waiting");
      await daemon.kill();
      try {
        for (let i = 0; i < 5; i++) await assert.rejects(daemon.ctr("version"));
        assert.ok(running.child.isRunning, "it did not wait");
      } finally {
        await daemon.start();
      }
      await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", running.id);
    });
    assert.deepEqual(lines, ["waiting", "exited 137", "end"]);
    await remove(id);
  });
});

describe("events() and the event loop", () => {
  const runOnce = (id: string) =>
    daemon.ctr("run", "--rm", "--null-io", "--rootfs", sharedRootfs, id, "/bin/true");

  it("events() keeps the process alive until the reader stops", async () => {
    const { lines } = await run("events", async (running) => {
      await running.child.line("ready");
      await staysFor(running);
      await runOnce(running.id);
    });
    assert.deepEqual(lines, ["ready", "create", "start", "exit", "end"]);
  });

  it("events() keeps the process alive while the daemon is gone", async () => {
    const { lines } = await run("events in an outage", async ({ child, id }) => {
      await child.line("ready");
      await daemon.kill();
      try {
        await child.line("disconnected");
        for (let i = 0; i < 5; i++) await assert.rejects(daemon.ctr("version"));
        assert.ok(child.isRunning, "it did not wait");
      } finally {
        await daemon.start();
      }
      await child.line("connected");
      await runOnce(id);
    });
    assert.deepEqual(lines, [
      "ready",
      "disconnected",
      "connected",
      "create",
      "start",
      "exit",
      "end",
    ]);
  });
});

describe("a client that is disposed", () => {
  it("[Symbol.asyncDispose]() ends open waits and subscriptions, and so the process", async () => {
    const { id, lines } = await run("events and dispose");
    try {
      assert.ok(lines.includes("unavailable"), lines.join(", "));
      assert.ok(lines.includes("end"));
      assert.equal(await state(id), "RUNNING");
    } finally {
      await remove(id);
    }
  });

  it("[Symbol.asyncDispose]() ends the subscription of a backend", async () => {
    const { id, lines } = await run("backend and dispose");
    try {
      assert.equal(lines.at(-1), "end");
      assert.equal(await state(id), "RUNNING");
    } finally {
      await remove(id);
    }
  });

  it("[Symbol.asyncDispose]() keeps the process alive until aborted calls are undone", async () => {
    const { lines } = await run("run and abort");
    assert.deepEqual(lines, ["enough", "disposed", "end"]);
    assert.deepEqual(await leftovers(daemon), NOTHING);
  });
});
