import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { containerdVersion, sharedRootfs } from "./cache.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import { sweepAbandonedHomes } from "./daemon-home.ts";
import { eventually } from "./eventually.ts";
import { holdings, noMoreThan, taskIds } from "./leaks.ts";
import { mountsBelow } from "./mounts.ts";
import { findByArguments, isRunning } from "./processes.ts";
import { makeRootfs } from "./rootfs.ts";
import { spawnScript } from "./runtime.ts";
import { type WrappedRunc, wrapRunc } from "./wrapped-runc.ts";

const sleeper = ["--detach", "--null-io", "--rootfs", sharedRootfs];

describe("startDaemon()", () => {
  it("startDaemon() starts the version that the tests run against", async () => {
    const daemon = await startDaemon();
    try {
      const server = (await daemon.ctr("version")).split("Server:")[1] ?? "";
      assert.match(server, new RegExp(`Version:\\s+${containerdVersion.replace(".", "\\.")}\\.`));
    } finally {
      await daemon.stop();
    }
  });

  it("startDaemon() brings up every plugin that it does not turn off", async () => {
    const daemon = await startDaemon();
    try {
      const rows = (await daemon.ctr("plugins", "list")).split("\n").slice(1);
      assert.ok(rows.length > 20);
      // containerd 2 serves controllers of sandboxes only together with CRI's.
      const failed = rows.filter((row) =>
        /\berror\b/.test(row) && !/sandbox-controllers/.test(row)
      );
      assert.deepEqual(failed, []);
    } finally {
      await daemon.stop();
    }
  });

  it("startDaemon() tells the log of a daemon that does not start, and leaves nothing", async () => {
    await assert.rejects(
      startDaemon({ config: "[broken" }),
      /Cannot start containerd.*ended with 1/s,
    );
  });

  it("stop() ends containers, shims and mounts, and removes what they left", async () => {
    const daemon = await startDaemon();
    const { home, socket, namespace } = daemon;
    try {
      await daemon.ctr("run", ...sleeper, "web", "/bin/sleep", "600");
      assert.deepEqual(await taskIds(daemon), ["web"]);
      assert.equal(daemon.shimPids("web").length, 1);
      assert.ok(existsSync(`/run/containerd/runc/${namespace}/web`));
    } finally {
      await daemon.stop();
    }
    await daemon.stop();
    assert.deepEqual(findByArguments("-address", socket), []);
    assert.deepEqual(mountsBelow(home), []);
    assert.ok(!existsSync(home));
    assert.ok(!existsSync(`/run/containerd/runc/${namespace}`));
  });

  it("restart() keeps the socket and the containers", async () => {
    const daemon = await startDaemon();
    try {
      await daemon.ctr("run", ...sleeper, "web", "/bin/sleep", "600");
      const { pid } = daemon;
      await daemon.restart("SIGKILL");
      assert.notEqual(daemon.pid, pid);
      assert.ok(!isRunning(pid));
      assert.match(await daemon.ctr("tasks", "list"), /web\s+\d+\s+RUNNING/);
    } finally {
      await daemon.stop();
    }
  });

  it("sweepAbandonedHomes() ends the daemon of a process that was killed", async () => {
    const child = spawnScript("current", new URL("./abandoned-daemon.ts", import.meta.url));
    try {
      assert.ok(child.stdout !== null);
      const [line] = await once(child.stdout, "data");
      const { home, socket, pid } = JSON.parse(String(line));
      assert.ok(isRunning(pid));
      assert.equal(findByArguments("-address", socket).length, 1);
      child.kill("SIGKILL");
      await once(child, "exit");
      assert.ok(isRunning(pid));
      sweepAbandonedHomes();
      // Another test process that starts may have been the one that swept.
      await eventually("the folder is swept", () => !existsSync(home));
      assert.ok(!isRunning(pid));
      assert.deepEqual(findByArguments("-address", socket), []);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("sweepAbandonedHomes() leaves the daemon of a running process alone", async () => {
    const daemon = await startDaemon();
    try {
      sweepAbandonedHomes();
      assert.ok(isRunning(daemon.pid));
      await daemon.ctr("version");
    } finally {
      await daemon.stop();
    }
  });
});

describe("wrapRunc()", () => {
  let daemon: Daemon;
  let runc: WrappedRunc;
  before(async () => {
    runc = wrapRunc();
    daemon = await startDaemon({ runcDir: runc.dir });
  });
  after(async () => {
    await daemon?.stop();
    runc?.remove();
  });

  it("fail() makes a command fail with its message, for one container", async () => {
    runc.fail("create", "no luck today", { containerId: "unlucky" });
    await assert.rejects(
      daemon.ctr("run", ...sleeper, "unlucky", "/bin/true"),
      /no luck today/,
    );
    await daemon.ctr("run", ...sleeper, "lucky", "/bin/sleep", "600");
    assert.deepEqual(await taskIds(daemon), ["lucky"]);
    runc.clear("create", { containerId: "unlucky" });
    assert.ok(runc.calls().some((call) => call.endsWith("unlucky")));
  });

  it("kill() kills the next call of a command, and lets those after it be", async () => {
    const run = () => daemon.ctr("run", ...sleeper, "killed", "/bin/sleep", "600");
    // It may have done its work before the kill comes.
    await eventually("it is killed", async () => {
      runc.kill("create", 0, { containerId: "killed" });
      const isKilled = await run().then(() => false, () => true);
      await daemon.ctr("tasks", "delete", "--force", "killed").catch(() => {}); // if there is one
      await daemon.ctr("containers", "delete", "killed").catch(() => {});
      return isKilled;
    });
    await run();
    assert.match(await daemon.ctr("tasks", "list"), /killed\s+\d+\s+RUNNING/);
  });

  it("hold() stops a command until it is released", async () => {
    const gate = runc.hold("start", "before", { containerId: "held" });
    let isDone = false;
    const done = daemon.ctr("run", ...sleeper, "held", "/bin/sleep", "600")
      .then(() => isDone = true);
    try {
      await gate.arrived();
      assert.match(runc.calls().at(-1) ?? "", / start held$/);
      assert.equal(isDone, false);
    } finally {
      gate.release();
    }
    await done;
    assert.match(await daemon.ctr("tasks", "list"), /held\s+\d+\s+RUNNING/);
  });
});

describe("noMoreThan()", () => {
  it("noMoreThan() names a shim that is left, and is quiet when it is gone", async () => {
    const daemon = await startDaemon();
    const rootfs = makeRootfs();
    const run = (id: string) =>
      daemon.ctr("run", "--rm", "--null-io", "--rootfs", rootfs.path, id, "/bin/true");
    try {
      await run("first");
      const before = holdings({ daemon });
      await run("second");
      await noMoreThan(before, { daemon });
      await daemon.ctr("run", ...sleeper, "left", "/bin/sleep", "600");
      await assert.rejects(noMoreThan(before, { daemon, budgetMs: 50 }), /shims: \d+/);
    } finally {
      await daemon.stop();
      rootfs.remove();
    }
  });
});
