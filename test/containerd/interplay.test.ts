import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import { sharedRootfs } from "../helpers/cache.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { EventReader } from "./support/event-reader.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { readAll } from "./support/read-all.ts";
import { execOf, sleeper, specOf } from "./support/specs.ts";

let daemon: Daemon;
let client: Client;
let count = 0;
const newId = () => `shared-${++count}`;

before(async () => {
  daemon = await startDaemon();
  client = openClient(daemon);
});
after(async () => {
  await client?.[Symbol.asyncDispose]();
  await daemon?.stop();
});

/** Runs a test with an id of its own, and checks that nothing is left after it is cleared up. */
function both(name: string, test: (id: string) => Promise<void>): void {
  it(name, async () => {
    const id = newId();
    try {
      await test(id);
    } finally {
      await client.delete(id, { force: true }).catch((error: unknown) => {
        if (!isContainerError(error, "not_found")) throw error;
      });
    }
    assert.deepEqual(await leftovers(daemon), NOTHING);
  });
}

/** Starts a container with ctr and leaves it running. */
function ctrRun(id: string, ...command: readonly string[]): Promise<string> {
  return daemon.ctr("run", "--detach", "--null-io", "--rootfs", sharedRootfs, id, ...command);
}

/** The row of a task in the list of ctr: id, pid, state. */
async function ctrTask(id: string): Promise<readonly string[] | undefined> {
  const rows = (await daemon.ctr("tasks", "list")).split("\n").map((row) =>
    row.trim().split(/\s+/)
  );
  return rows.find(([first]) => first === id);
}

function codeOf(status: ExitStatus): number | string {
  return status.state === "exited" ? status.code : status.state;
}

async function start(id: string): Promise<number> {
  await client.create(id, sleeper(), RUNC, { labels: { made: "here" }, image: "example/sleep:1" });
  return (await client.start(id)).pid;
}

describe("a container of the client, for ctr", () => {
  both("create() and start() are seen by ctr", async (id) => {
    const pid = await start(id);
    const rows = await daemon.ctr("containers", "list");
    assert.match(rows, new RegExp(`${id}\\s+example/sleep:1\\s+${RUNC.replaceAll(".", "\\.")}`));
    assert.deepEqual(await ctrTask(id), [id, String(pid), "RUNNING"]);
    const info = JSON.parse(await daemon.ctr("containers", "info", id));
    assert.equal(info.Labels.made, "here");
    assert.equal(info.Runtime.Name, RUNC);
    assert.deepEqual(info.Spec.process.args, ["sleep", "600"]);
  });

  both("exec by ctr works, and its events arrive", async (id) => {
    await start(id);
    const events = await EventReader.open(client, id);
    try {
      const exec = (name: string, ...command: string[]) =>
        daemon.ctr("tasks", "exec", "--exec-id", name, id, ...command);
      assert.equal(await exec("greet", "echo", "hello"), "hello\n");
      await events.until("exit", "greet");
      await assert.rejects(exec("fail", "sh", "-c", "exit 5"), { code: 5 });
      const seen = await events.until("exit", "fail");
      const types = seen.filter((event) => "processId" in event && event.processId === "fail")
        .map((event) => event.type);
      assert.deepEqual([...types].sort(), ["exec-added", "exec-started", "exit"]);
      const exit = seen.at(-1);
      assert.ok(exit?.type === "exit");
      assert.equal(codeOf(exit.status), 5);
    } finally {
      await events[Symbol.asyncDispose]();
    }
  });

  both("wait() ends when ctr kills the container", async (id) => {
    await start(id);
    const waiting = client.wait(id);
    await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", id);
    assert.equal(codeOf(await waiting), 137);
    assert.equal((await ctrTask(id))?.[2], "STOPPED");
    assert.equal(codeOf(await client.deleteTask(id)), 137);
  });

  both("wait() for a process ends when ctr kills that process", async (id) => {
    await start(id);
    const more = await client.exec(id, "more", execOf("sleep", "600"));
    await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", "--exec-id", "more", id);
    assert.equal(codeOf(await more.wait()), 137);
    assert.equal((await client.status(id)).state, "running");
  });

  both("wait() ends when ctr deletes the task, and the id can be used again", async (id) => {
    await start(id);
    const events = await EventReader.open(client, id);
    try {
      const waiting = client.wait(id);
      await daemon.ctr("tasks", "delete", "--force", id).catch((error: { code?: unknown }) => {
        // ctr of some versions ends with the code of the task.
        if (error.code !== 137) throw error;
      });
      const status = await waiting;
      assert.ok(["exited", "lost"].includes(status.state));
      if (status.state === "exited") assert.equal(status.code, 137);
      await events.until("exit"); // of the deletion a shim may not tell before it ends
    } finally {
      await events[Symbol.asyncDispose]();
    }
    assert.equal(await ctrTask(id), undefined);
    // Without a look at what became of the first task.
    const again = await client.start(id);
    assert.equal((await ctrTask(id))?.[1], String(again.pid));
    assert.equal((await client.status(id)).pid, again.pid);
  });

  both("deleteTask() and delete() of what ctr has deleted are not_found", async (id) => {
    await start(id);
    await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", id);
    await client.wait(id);
    await daemon.ctr("tasks", "delete", id).catch(() => {});
    await daemon.ctr("containers", "delete", id);
    await assert.rejects(client.status(id), { code: "not_found" });
    await assert.rejects(client.delete(id), { code: "not_found" });
    const pid = await start(id);
    assert.equal((await ctrTask(id))?.[1], String(pid));
  });

  both("pause() and resume() mix with those of ctr", async (id) => {
    await start(id);
    await daemon.ctr("tasks", "pause", id);
    assert.equal((await client.status(id)).state, "paused");
    await client.resume(id);
    assert.equal((await ctrTask(id))?.[2], "RUNNING");
    await client.pause(id);
    assert.equal((await ctrTask(id))?.[2], "PAUSED");
    await daemon.ctr("tasks", "resume", id);
    assert.equal((await client.status(id)).state, "running");
  });

  both("wait() sees the task that ctr has started after the client's own", async (id) => {
    await client.create(id, specOf("sh", "-c", "exit 7"), RUNC);
    const first = await client.start(id);
    assert.equal(codeOf(await first.wait()), 7);
    await daemon.ctr("tasks", "delete", id).catch(() => {});
    await daemon.ctr("containers", "delete", id);
    await ctrRun(id, "/bin/sleep", "600");
    const pid = Number((await ctrTask(id))?.[1]);
    assert.deepEqual(await client.status(id), { state: "running", pid });
    const waiting = client.wait(id);
    await daemon.ctr("tasks", "kill", "--signal", "SIGKILL", id);
    assert.equal(codeOf(await waiting), 137);
    assert.equal(codeOf(await first.wait()), 7);
  });
});

describe("a container of ctr, for the client", () => {
  both("listContainers() and restore() find it, and everything works on it", async (id) => {
    await ctrRun(id, "/bin/sleep", "600");
    const pid = Number((await ctrTask(id))?.[1]);
    const infos = [];
    for await (const info of client.listContainers()) infos.push(info);
    assert.deepEqual(infos.map((info) => info.id), [id]);
    assert.equal(infos[0]?.shim, RUNC);
    assert.deepEqual(infos[0]?.spec.process?.args, ["/bin/sleep", "600"]);

    const found = await client.restore(id);
    assert.deepEqual([found.alive, found.pid], [true, pid]);
    assert.deepEqual(await client.listPids(id), [pid]);
    assert.ok(["cgroup1", "cgroup2"].includes((await client.stats(id)).kind));
    const exec = await client.exec(id, "more", execOf("sh", "-c", "cat; exit 3"), {
      stdio: { stdin: "piped", stdout: "piped" },
    });
    const output = readAll(exec.stdio.stdout);
    const writer = exec.stdio.stdin.getWriter();
    await writer.write(new TextEncoder().encode("hello\n"));
    await writer.close();
    assert.equal(await output, "hello\n");
    assert.equal(codeOf(await exec.wait()), 3);

    const waiting = client.wait(id);
    await client.signalProcess(id, "init", "SIGKILL");
    assert.equal(codeOf(await waiting), 137);
    assert.equal(codeOf(await client.deleteTask(id)), 137);
    await client.delete(id);
    assert.equal(await daemon.ctr("containers", "list", "--quiet"), "");
  });

  both("restore() finds one that has ended, with its exit code", async (id) => {
    const events = await EventReader.open(client, id);
    try {
      await ctrRun(id, "/bin/sh", "-c", "exit 7");
      const seen = await events.until("exit", "init");
      assert.deepEqual(seen.map((event) => event.type), ["create", "start", "exit"]);
    } finally {
      await events[Symbol.asyncDispose]();
    }
    const other = openClient(daemon);
    try {
      const { alive, process } = await other.restore(id);
      assert.equal(alive, false);
      assert.equal(codeOf(await process?.wait() ?? assert.fail("no process")), 7);
      const status = await other.status(id);
      assert.deepEqual([status.state, status.code], ["stopped", 7]);
    } finally {
      await other[Symbol.asyncDispose]();
    }
    assert.equal(codeOf(await client.deleteTask(id)), 7);
  });

  both("restore() attaches to the streams that ctr made", async (id) => {
    await daemon.ctr(
      "run",
      "--detach",
      "--fifo-dir",
      `${daemon.home}/ctr-fifo`,
      "--rootfs",
      sharedRootfs,
      id,
      "/bin/sh",
      "-c",
      "read line; echo got $line; exec sleep 600",
    );
    const { process } = await client.restore(id, {
      stdio: { stdin: "piped", stdout: "piped" },
    });
    assert.ok(process);
    const { stdin, stdout } = process.stdio;
    assert.ok(stdin && stdout);
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode("hello\n"));
    const { value } = await stdout.getReader().read();
    assert.equal(new TextDecoder().decode(value), "got hello\n");
    await client.signalProcess(id, "init", "SIGKILL");
    assert.equal(codeOf(await process.wait()), 137);
  });

  both("start() runs what ctr has only created", async (id) => {
    await daemon.ctr("containers", "create", "--rootfs", sharedRootfs, id, "/bin/echo", "hello");
    const task = await client.start(id, { stdio: { stdout: "piped" } });
    assert.equal(await readAll(task.stdio.stdout), "hello\n");
    assert.equal(codeOf(await task.wait()), 0);
  });

  both("start() of one that ctr runs is already_exists, and leaves it running", async (id) => {
    await ctrRun(id, "/bin/sleep", "600");
    const pid = (await ctrTask(id))?.[1];
    const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    await assert.rejects(client.start(id, { stdio }), { code: "already_exists" });
    assert.deepEqual(await ctrTask(id), [id, pid, "RUNNING"]);
  });

  for (
    const [name, make] of [
      [
        "has only created",
        (id: string) =>
          daemon.ctr("containers", "create", "--rootfs", sharedRootfs, id, "/bin/true"),
      ],
      ["runs", (id: string) => ctrRun(id, "/bin/sleep", "600")],
      ["has paused", async (id: string) => {
        await ctrRun(id, "/bin/sleep", "600");
        await daemon.ctr("tasks", "pause", id);
      }],
      ["has let end", async (id: string) => {
        const events = await EventReader.open(client, id);
        try {
          await ctrRun(id, "/bin/true");
          await events.until("exit");
        } finally {
          await events[Symbol.asyncDispose]();
        }
      }],
    ] as const
  ) {
    both(`create() with replace takes the place of one that ctr ${name}`, async (id) => {
      await make(id);
      await assert.rejects(client.create(id, sleeper(), RUNC), { code: "conflict" });
      await client.create(id, specOf("sh", "-c", "exit 9"), RUNC, { replace: true });
      assert.equal(await ctrTask(id), undefined);
      assert.equal(codeOf(await (await client.start(id)).wait()), 9);
    });
  }
});
