import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { holding } from "../../plugins/grpc/hold.ts";
import type { SupervisedDaemon } from "../../plugins/supervisor/mod.ts";
import { isContainerError } from "../../src/errors.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";
import { type SupervisorBed, useSupervisorBed } from "../supervisor/support/supervisor-bed.ts";
import { RUNC } from "./support/open-client.ts";
import { sleeper } from "./support/specs.ts";

let bed: SupervisorBed;
useSupervisorBed((each) => bed = each);

/** Waits until a state was told a number of times. */
function told(state: string, times: number): Promise<void> {
  return eventually(
    `${times} times ${state}`,
    () => bed.states.filter((each) => each === state).length >= times,
  );
}

/** What a daemon is given up with. That it is waited for does not keep the process alive. */
function failureOf(daemon: SupervisedDaemon): Promise<unknown> {
  return rejection(holding("foreground", daemon.ended));
}

/** A daemon that was killed, and that is started again but does not answer. */
async function hangingInRestart(): Promise<SupervisedDaemon> {
  const binary = bed.script('exec "$REAL" "$@"');
  const daemon = await bed.supervise({ binary });
  const never = `${bed.home}/never`;
  bed.script(`[ -e ${never} ] || mkfifo ${never}; echo hanging; read x < ${never}`);
  process.kill(daemon.pid ?? 0, "SIGKILL");
  await eventually("the restart", () => daemon.logTail(1)[0] === "hanging");
  return daemon;
}

describe("a daemon that ends", () => {
  it("supervise() restarts it; its containers run, and the same client goes on", async () => {
    const daemon = await bed.supervise();
    const client = bed.client(daemon);
    await client.create("web", sleeper(), RUNC);
    const web = await client.start("web");
    const { pid = 0, address } = daemon;

    process.kill(pid, "SIGKILL");
    await told("restarting", 1);
    await daemon.ready();
    assert.notEqual(daemon.pid, pid);
    assert.equal(daemon.address, address);
    assert.deepEqual(bed.daemonPids(), [daemon.pid]);
    const [, , restarting] = bed.changes;
    assert.match(
      restarting?.reason?.message ?? "",
      new RegExp(`^Lost containerd "unix://.*": process ${pid} ended by SIGKILL$`),
    );

    assert.ok(isRunning(web.pid));
    assert.equal((await client.status("web")).state, "running");
    const ended = client.wait("web");
    await client.signalProcess("web", "init", "SIGKILL");
    assert.equal((await ended).state, "exited");
    await client.delete("web", { force: true });
    assert.deepEqual(bed.states, ["starting", "running", "restarting", "running"]);
  });

  it("supervise() restarts it again and again, if it was well for 30 s each time", async () => {
    const now = performance.now;
    let passedMs = 0;
    performance.now = () => now.call(performance) + passedMs;
    try {
      const daemon = await bed.supervise({ maxRestarts: 1 });
      for (let round = 1; round <= 3; round++) {
        passedMs += 30_000;
        process.kill(daemon.pid ?? 0, "SIGKILL");
        await told("restarting", round);
        await daemon.ready();
      }
      assert.equal(daemon.state, "running");
    } finally {
      performance.now = now;
    }
  });

  it("supervise() gives up on one that comes up and ends each time, with its last words", async () => {
    const now = performance.now;
    let passedMs = 0;
    performance.now = () => now.call(performance) + passedMs;
    try {
      const daemon = await bed.supervise({ maxRestarts: 2 });
      passedMs += 3_600_000; // it was well for an hour, which is nothing to those after it
      let pid = 0;
      for (let round = 0; round <= 2; round++) {
        pid = daemon.pid ?? 0;
        process.kill(pid, "SIGKILL");
        if (round === 2) break;
        await told("restarting", round + 1);
        await daemon.ready();
      }
      const error = await failureOf(daemon);
      assert.ok(isContainerError(error, "unavailable"));
      const [first = "", ...lines] = error.message.split("\n");
      assert.match(
        first,
        new RegExp(`given up after 2 failed restarts: .*process ${pid} ended by SIGKILL$`),
      );
      assert.deepEqual(lines, daemon.logTail(20));
      assert.notEqual(lines.length, 0);
      assert.equal(daemon.state, "failed");
      assert.deepEqual(bed.daemonPids(), []);
      assert.ok(!existsSync(`${bed.home}/containerd.pid`));
      assert.equal((await bed.supervise()).state, "running");
    } finally {
      performance.now = now;
    }
  });

  it("supervise() gives up with its last words where another one has its socket, too", async () => {
    const daemon = await bed.supervise({ maxRestarts: 2, healthIntervalMs: 600_000 });
    const socket = `${bed.home}/containerd.sock`;
    rmSync(socket);
    const server = createServer().listen(socket);
    await once(server, "listening");
    try {
      process.kill(daemon.pid ?? 0, "SIGKILL");
      const error = await failureOf(daemon) as Error;
      const [first = "", ...lines] = error.message.split("\n");
      assert.match(
        first,
        new RegExp(`after 2 failed restarts: .*process ${process.pid} listens there$`),
      );
      assert.deepEqual(lines, daemon.logTail(20));
      assert.notEqual(lines.length, 0);
      assert.ok(existsSync(socket));
    } finally {
      server.close();
      await once(server, "close");
    }
  });

  it("supervise() gives up on one that does not come up, with its last words", async () => {
    const binary = bed.script('exec "$REAL" "$@"');
    const daemon = await bed.supervise({ binary, maxRestarts: 2 });
    bed.script('echo "no luck today"; exit 3');
    process.kill(daemon.pid ?? 0, "SIGKILL");
    await told("restarting", 1);
    const waiting = rejection(daemon.ready());
    const error = await failureOf(daemon);
    assert.ok(isContainerError(error, "unavailable"));
    assert.match(
      error.message,
      /^Cannot keep containerd ".*" running: given up after 2 failed restarts: .*ended with exit code 3\nno luck today$/,
    );
    assert.equal(await waiting, error);
    assert.equal(bed.changes.at(-1)?.reason, error);
    assert.equal(daemon.state, "failed");
    assert.equal(daemon.pid, undefined);
    assert.deepEqual(daemon.logTail(1), ["no luck today"]);
    assert.deepEqual(bed.daemonPids(), []);
    await daemon.stop();
    assert.equal(daemon.state, "failed");

    bed.script('exec "$REAL" "$@"');
    assert.equal((await bed.supervise({ binary })).state, "running");
  });

  it("stop() ends it also while it is being restarted", async () => {
    const daemon = await hangingInRestart();
    assert.equal(daemon.state, "restarting");
    await daemon.stop();
    assert.equal(daemon.state, "stopped");
    assert.deepEqual(bed.daemonPids(), []);
  });

  it("detach() while it is being restarted leaves the note of who it is", async () => {
    const daemon = await hangingInRestart();
    await daemon.detach();
    const [pid] = bed.daemonPids();
    assert.ok(pid !== undefined && isRunning(pid));
    assert.equal(readFileSync(`${bed.home}/containerd.pid`, "utf8").split("\n")[0], String(pid));
  });

  it("ready() of an aborted caller rejects with the reason", async () => {
    const binary = bed.script('exec "$REAL" "$@"');
    const daemon = await bed.supervise({ binary, maxRestarts: 100 });
    bed.script("exit 3");
    process.kill(daemon.pid ?? 0, "SIGKILL");
    await told("restarting", 1);
    const reason = new Error("enough");
    const controller = new AbortController();
    const waiting = rejection(daemon.ready({ signal: controller.signal }));
    controller.abort(reason);
    assert.equal(await waiting, reason);
    assert.equal(daemon.state, "restarting");
  });
});

describe("a daemon that cannot be ended", () => {
  it("stop() tells everybody so, keeps the folder, and may be tried again", async () => {
    const daemon = await bed.supervise();
    const { pid } = daemon;
    const kill = process.kill;
    process.kill = () => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    };
    try {
      const both = await Promise.all([rejection(daemon.stop()), rejection(daemon.stop())]);
      const [error] = both;
      assert.ok(isContainerError(error, "permission_denied"), `${error}`);
      assert.equal(error.message, `Cannot send SIGTERM to process ${pid}: operation not permitted`);
      assert.deepEqual(both, [error, error]);
      assert.equal(await failureOf(daemon), error);
      assert.equal(await rejection(daemon.ready()), error);
      assert.equal(daemon.state, "failed");
      assert.equal(bed.changes.at(-1)?.reason, error);
      assert.equal(daemon.pid, pid);
      assert.deepEqual(bed.daemonPids(), [pid]);
      assert.ok(isContainerError(await rejection(bed.supervise()), "conflict"));
    } finally {
      process.kill = kill;
    }
    await daemon.stop();
    assert.deepEqual(bed.daemonPids(), []);
    assert.equal(daemon.state, "failed");
    assert.equal((await bed.supervise()).state, "running");
  });

  it("stop() that has failed leaves the folder to others when the daemon has ended", async () => {
    const daemon = await bed.supervise();
    const { pid = 0 } = daemon;
    const kill = process.kill;
    process.kill = () => {
      throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
    };
    try {
      await rejection(daemon.stop());
    } finally {
      process.kill = kill;
    }
    process.kill(pid, "SIGKILL");
    await eventually("the folder", () => !existsSync(`${bed.home}/owner`));
    const next = await bed.supervise();
    await daemon.stop();
    assert.deepEqual(bed.daemonPids(), [next.pid]);
  });
});

describe("a daemon that hangs", () => {
  it("supervise() replaces it", async () => {
    const daemon = await bed.supervise({
      healthIntervalMs: 50,
      healthTimeoutMs: 1000,
      healthMisses: 2,
    });
    const client = bed.client(daemon);
    await client.create("web", sleeper(), RUNC);
    const web = await client.start("web");
    const { pid = 0 } = daemon;
    process.kill(pid, "SIGSTOP");
    await told("restarting", 1);
    assert.match(
      bed.changes.at(-1)?.reason?.message ?? "",
      /process \d+ gives no answer to 2 health checks$/,
    );
    await daemon.ready();
    assert.ok(!isRunning(pid));
    assert.deepEqual(bed.daemonPids(), [daemon.pid]);
    assert.ok(isRunning(web.pid));
    await client.delete("web", { force: true });
  });
});

describe("a daemon that nobody can connect to", () => {
  it("supervise() replaces it when its socket was removed", async () => {
    const daemon = await bed.supervise({ healthIntervalMs: 50, healthMisses: 2 });
    const { pid } = daemon;
    rmSync(`${bed.home}/containerd.sock`);
    await told("restarting", 1);
    assert.match(
      bed.changes.at(-1)?.reason?.message ?? "",
      new RegExp(`: somebody has removed or replaced the socket of process ${pid}$`),
    );
    await daemon.ready();
    assert.notEqual(daemon.pid, pid);
    assert.match((await bed.client(daemon).version()).version, /\d/);
  });

  it("supervise() gives it up when its folder was removed, for which there may be another", async () => {
    const first = await bed.supervise();
    const { pid } = first;
    rmSync(bed.home, { recursive: true });
    const second = await bed.supervise();
    assert.notEqual(second.pid, pid);
    const error = await failureOf(first) as Error;
    assert.match(error.message, /given up: Lost .*: somebody has removed the note of its owner/);
    await first.stop();
    assert.deepEqual(bed.daemonPids(), [second.pid]);
    assert.equal(second.state, "running");
  });

  it("stop() ends its own when its folder was removed, and nobody else's", async () => {
    const daemon = await bed.supervise();
    rmSync(`${bed.home}/owner`, { recursive: true });
    const next = await bed.supervise({ config: "[metrics]\n" });
    await daemon.stop();
    assert.deepEqual(bed.daemonPids(), [next.pid]);
    assert.ok(existsSync(`${bed.home}/containerd.pid`));
  });
});

describe("a daemon that has written stack traces", () => {
  it("supervise() keeps its stack traces in its folder", async () => {
    const daemon = await bed.supervise({
      healthIntervalMs: 50,
      healthTimeoutMs: 500,
      healthMisses: 1,
      env: { ...bed.options().env, TMPDIR: bed.home },
    });
    const { pid = 0 } = daemon;
    const dump = `${bed.home}/containerd.${pid}.stacks.log`;
    // How much time it gets to write them before it is killed, a busy machine may not leave it.
    process.kill(pid, "SIGUSR1");
    await eventually("its stack traces", () => existsSync(dump) && statSync(dump).size > 0);
    process.kill(pid, "SIGSTOP");
    await told("restarting", 1);
    await daemon.ready();
    assert.ok(!existsSync(dump));
    assert.match(readFileSync(`${bed.home}/containerd.stacks.log`, "utf8"), /goroutine/);
  });
});

describe("who is told of states", () => {
  it("supervise() drops what they throw and reject with", async () => {
    const errors = [() => Promise.reject(new Error("later")), () => {
      throw new Error("at once");
    }];
    let calls = 0;
    const daemon = await bed.supervise({ onState: () => errors[calls++ % 2]?.() });
    await daemon.stop();
    assert.equal(calls, 3);
  });
});

describe("a log that grows", () => {
  it("supervise() sets it aside while the daemon runs", async () => {
    const daemon = await bed.supervise({
      logLevel: "debug",
      env: { ...bed.options().env, TMPDIR: bed.home }, // SIGUSR1 leaves a file there
      maxLogBytes: 2000,
      healthIntervalMs: 20,
    });
    await eventually("an old log", () => existsSync(`${daemon.logFile}.1`));
    assert.ok(statSync(`${daemon.logFile}.1`).size > 2000);
    const before = statSync(daemon.logFile).size;
    // What it writes from then on is at the beginning, not behind a hole.
    process.kill(daemon.pid ?? 0, "SIGUSR1");
    await eventually("new lines", () => daemon.logTail(50).join("\n").includes("goroutine"));
    assert.ok(before <= 4000, `${before}`);
  });
});
