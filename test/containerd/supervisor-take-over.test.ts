import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { describe, it } from "node:test";
import { eventually } from "../helpers/eventually.ts";
import { isRunning, readProcess } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";
import { type SupervisorBed, useSupervisorBed } from "../supervisor/support/supervisor-bed.ts";
import { ChildScript } from "./support/child-script.ts";
import { RUNC } from "./support/open-client.ts";
import { sleeper } from "./support/specs.ts";

const ownerScript = new URL("../supervisor/support/owner-child.ts", import.meta.url);

let bed: SupervisorBed;
useSupervisorBed((each) => bed = each);

/** Starts a daemon whose owner is killed; gives its pid. */
async function orphan(): Promise<number> {
  const child = new ChildScript(ownerScript, ["hold", bed.home]);
  try {
    await child.line("end");
  } finally {
    child.kill();
  }
  const [line = ""] = (await child.ended).lines;
  const pid = Number(line.slice("pid ".length));
  assert.ok(isRunning(pid), line);
  assert.ok(existsSync(`${bed.home}/owner`));
  return pid;
}

/** A process that has nothing to do with containerd, for the length of `use`. */
async function withStranger(
  use: (stranger: ChildProcess & { readonly pid: number }) => Promise<void>,
): Promise<void> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(child, "spawn");
  const { pid } = child;
  assert.ok(pid !== undefined);
  try {
    await use(Object.assign(child, { pid }));
    assert.ok(isRunning(pid), "it was ended");
    assert.notEqual(readProcess(pid)?.state, "T");
  } finally {
    child.kill("SIGKILL");
  }
}

/** Starts a daemon that nobody has noted, with the configuration of the folder, for `use`. */
async function leftBehind<T>(binary: string, use: (pid: number) => Promise<T>): Promise<T> {
  await (await bed.supervise()).stop();
  const args = ["--config", `${bed.home}/config.toml`];
  const child = spawn(binary, args, { stdio: "ignore", detached: true });
  await once(child, "spawn");
  const { pid = 0 } = child;
  try {
    await eventually("its wait", () => existsSync(`${bed.home}/go`));
    return await use(pid);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function notePid(pid: number, startTicks: number | undefined): void {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  writeFileSync(`${bed.home}/containerd.pid`, `${pid}\n${startTicks}\n${boot}\n`);
}

describe("a daemon that an owner has left", () => {
  it("supervise() takes it over when the owner was killed, with its containers", async () => {
    const pid = await orphan();
    // Health checks are not what its end is noticed by.
    const daemon = await bed.supervise({ healthIntervalMs: 600_000 });
    assert.equal(daemon.pid, pid);
    assert.equal(daemon.takenOver, true);
    assert.notEqual(daemon.version, "");
    assert.deepEqual(bed.daemonPids(), [pid]);
    const client = bed.client(daemon);
    await client.create("web", sleeper(), RUNC);
    await client.start("web");

    // It is watched like one's own, though it is nobody's child here.
    process.kill(pid, "SIGKILL");
    await eventually("the restart", () => bed.states.includes("restarting"));
    await daemon.ready();
    assert.notEqual(daemon.pid, pid);
    assert.equal((await client.status("web")).state, "running");
    await client.delete("web", { force: true });
  });

  it("supervise() takes it over after detach(), and stop() ends it", async () => {
    const first = await bed.supervise();
    const { pid } = first;
    await first.detach();
    await first.ended;
    await first.stop();
    assert.equal(first.state, "detached");
    assert.deepEqual(bed.daemonPids(), [pid]);
    const second = await bed.supervise();
    assert.equal(second.pid, pid);
    await second.stop();
    assert.deepEqual(bed.daemonPids(), []);
    assert.ok(!existsSync(`${bed.home}/containerd.sock`));
  });

  it("supervise() takes it over when its owner died before it was noted", async () => {
    const pid = await orphan();
    rmSync(`${bed.home}/containerd.pid`);
    const daemon = await bed.supervise();
    assert.equal(daemon.pid, pid);
    assert.equal(readFileSync(`${bed.home}/containerd.pid`, "utf8").split("\n")[0], String(pid));
  });

  it("supervise() waits for one that was not noted and is on its way up", async () => {
    const binary = bed.script(
      `[ -e ${bed.home}/go ] || mkfifo ${bed.home}/go; read x < ${bed.home}/go; exec "$REAL" "$@"`,
    );
    const daemon = await leftBehind(binary, async (pid) => {
      const taking = bed.supervise({ binary });
      await eventually("the try", () => bed.states.at(-1) === "starting");
      writeFileSync(`${bed.home}/go`, "\n");
      const daemon = await taking;
      assert.equal(daemon.pid, pid);
      return daemon;
    });
    assert.equal(daemon.takenOver, true);
    assert.equal(
      readFileSync(`${bed.home}/containerd.pid`, "utf8").split("\n")[0],
      `${daemon.pid}`,
    );
  });

  it("supervise() does not end one that proves nothing, and names it", async () => {
    const binary = bed.script(
      `[ -e ${bed.home}/go ] || mkfifo ${bed.home}/go; read x < ${bed.home}/go`,
    );
    await leftBehind(binary, async (pid) => {
      const error = await rejection(bed.supervise({ binary, startBudgetMs: 500 })) as Error;
      assert.match(
        error.message,
        new RegExp(`: no answer within 500 ms, process ${pid} has the same configuration`),
      );
      assert.deepEqual(bed.daemonPids(), [pid]);
    });
  });

  it("supervise() leaves it alone where it cannot note it", async () => {
    const pid = await orphan();
    const note = readFileSync(`${bed.home}/containerd.pid`, "utf8");
    const pidFile = `${bed.home}/containerd.pid`;
    writeFileSync(pidFile, "");
    execFileSync("mount", ["--bind", pidFile, pidFile]); // which nothing can be renamed to
    try {
      const error = await rejection(bed.supervise()) as Error;
      assert.match(error.message, /^Cannot write ".*containerd\.pid": /);
      assert.deepEqual(bed.daemonPids(), [pid]);
      // There is nothing to write where it is noted already.
      writeFileSync(pidFile, note);
      const daemon = await bed.supervise();
      assert.equal(daemon.pid, pid);
      await daemon.detach();
    } finally {
      execFileSync("umount", [pidFile]);
    }
    assert.equal((await bed.supervise()).pid, pid);
  });

  it("supervise() replaces it when it runs with another configuration", async () => {
    const pid = await orphan();
    const daemon = await bed.supervise({ oomScore: 55 });
    assert.equal(daemon.takenOver, false);
    assert.ok(!isRunning(pid));
    assert.deepEqual(bed.daemonPids(), [daemon.pid]);
    assert.equal(readFileSync(`/proc/${daemon.pid}/oom_score_adj`, "utf8").trim(), "55");
  });

  it("supervise() replaces it when it does not answer", async () => {
    const pid = await orphan();
    process.kill(pid, "SIGSTOP");
    // The new one needs the budget, too: it is only short for what the old one has to prove.
    const stopped = bed.supervise({ startBudgetMs: 5000, healthTimeoutMs: 500 });
    await eventually("SIGTERM is pending", () => {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return (parseInt(/^ShdPnd:\t(\w+)/m.exec(status)?.[1] ?? "", 16) & (1 << 14)) !== 0;
    });
    process.kill(pid, "SIGCONT");
    const daemon = await stopped;
    assert.notEqual(daemon.pid, pid);
    assert.deepEqual(bed.daemonPids(), [daemon.pid]);
  });

  it("supervise() whose take-over is aborted leaves it alone", async () => {
    const pid = await orphan();
    process.kill(pid, "SIGSTOP");
    const reason = new Error("enough");
    const controller = new AbortController();
    const taking = rejection(bed.supervise({ signal: controller.signal }));
    await eventually("the try", () => bed.states.includes("starting"));
    controller.abort(reason);
    assert.equal(await taking, reason);
    process.kill(pid, "SIGCONT");
    assert.equal((await bed.supervise()).pid, pid);
  });
});

describe("a stranger with the command line of the daemon", () => {
  for (
    const [where, before] of [["in a container", ["unshare", "--mount"]], ["here", []]] as const
  ) {
    it(`supervise() leaves it alone ${where}, in every start, restart and stop`, async () => {
      const stranger = `${bed.home}/bin/containerd`;
      bed.script("while :; do sleep 1; done");
      const [program = "", ...args] = [...before, stranger, "--config", `${bed.home}/config.toml`];
      const start = async () => {
        const child = spawn(program, args, { stdio: "ignore", detached: true });
        await once(child, "spawn");
        await eventually("its start", () => bed.daemonPids().includes(child.pid ?? 0));
        return Object.assign(child, { pid: child.pid ?? 0 });
      };
      // One here may be a daemon on its way up for those who start one.
      let child = before.length > 0 ? await start() : undefined;
      try {
        const daemon = await bed.supervise({ healthIntervalMs: 50, healthTimeoutMs: 1000 });
        child ??= await start();
        process.kill(daemon.pid ?? 0, "SIGKILL");
        await eventually("the restart", () => bed.states.includes("restarting"));
        await daemon.ready();
        const { pid = 0 } = daemon;
        process.kill(pid, "SIGSTOP");
        await eventually("another one", () => daemon.pid !== undefined && daemon.pid !== pid);
        await daemon.ready();
        await daemon.stop();
        assert.deepEqual(bed.daemonPids(), [child.pid]);
        assert.ok(isRunning(child.pid));
      } finally {
        child?.kill("SIGKILL");
      }
    });
  }
});

describe("a PID file", () => {
  it("supervise() leaves a foreign process alone that it names", async () => {
    await withStranger(async ({ pid }) => {
      notePid(pid, readProcess(pid)?.startTicks);
      const daemon = await bed.supervise();
      assert.notEqual(daemon.pid, pid);
      await daemon.stop();
    });
  });

  it("supervise() takes no daemon for the noted one that has got its id", async () => {
    const pid = await orphan();
    // The id is right, the start is not: by the note it is another process.
    notePid(pid, (readProcess(pid)?.startTicks ?? 0) - 1);
    await withStranger(async (stranger) => {
      notePid(stranger.pid, (readProcess(stranger.pid)?.startTicks ?? 0) - 1);
      const daemon = await bed.supervise();
      // The note is worth nothing, but the daemon is found by its command line and its socket.
      assert.equal(daemon.pid, pid);
    });
  });

  for (const text of ["", "no number\n", "1\n", "-1\n5\nboot\n", "999999999\n1\nboot\n"]) {
    it(`supervise() passes over ${JSON.stringify(text)}`, async () => {
      writeFileSync(`${bed.home}/containerd.pid`, text);
      const daemon = await bed.supervise();
      assert.equal(daemon.state, "running");
    });
  }
});

describe("the socket", () => {
  it("supervise() does not take it from a foreign listener", async () => {
    const server = createServer().listen(`${bed.home}/containerd.sock`);
    await once(server, "listening");
    try {
      const error = await rejection(bed.supervise()) as Error & { code: string };
      assert.equal(error.code, "conflict");
      assert.match(
        error.message,
        new RegExp(`^Cannot start .*containerd.sock": process ${process.pid} listens there$`),
      );
      assert.ok(existsSync(`${bed.home}/containerd.sock`));
      assert.deepEqual(bed.daemonPids(), []);
    } finally {
      server.close();
      await once(server, "close");
    }
    await bed.supervise();
  });

  it("supervise() does not take a daemon over while a foreign process listens there", async () => {
    const pid = await orphan();
    rmSync(`${bed.home}/containerd.sock`);
    const server = createServer().listen(`${bed.home}/containerd.sock`);
    await once(server, "listening");
    try {
      const error = await rejection(bed.supervise({ startBudgetMs: 500 }));
      assert.equal((error as { code?: string }).code, "conflict");
      assert.ok(existsSync(`${bed.home}/containerd.sock`));
      assert.ok(isRunning(pid));
    } finally {
      server.close();
      await once(server, "close");
    }
  });

  it("supervise() removes one that nobody listens on", async () => {
    const pid = await orphan();
    process.kill(pid, "SIGKILL");
    await eventually("its end", () => !isRunning(pid));
    assert.ok(existsSync(`${bed.home}/containerd.sock`));
    assert.equal((await bed.supervise()).takenOver, false);
  });
});
