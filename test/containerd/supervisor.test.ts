import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { supervise } from "../../plugins/supervisor/mod.ts";
import { containerdVersion } from "../helpers/cache.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning, readProcess } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";
import { SupervisorBed, useSupervisorBed } from "../supervisor/support/supervisor-bed.ts";
import { ChildScript } from "./support/child-script.ts";
import { RUNC } from "./support/open-client.ts";
import { sleeper, specOf } from "./support/specs.ts";

const ownerScript = new URL("../supervisor/support/owner-child.ts", import.meta.url);

let bed: SupervisorBed;
useSupervisorBed((each) => bed = each);

/** What is left in a folder when its daemon was stopped. */
const KEPT = ["config.toml", "containerd.log", "root", "state", "supervisor.toml"];

function entries(): readonly string[] {
  const own = ["owner.json", "fifo", "bin", "never"]; // of the tests
  return readdirSync(bed.home).filter((name) => !own.includes(name)).sort();
}

describe("supervise()", () => {
  it("supervise() starts a daemon that runs containers, and stop() leaves nothing", async () => {
    const daemon = await bed.supervise();
    const { pid } = daemon;
    assert.ok(pid !== undefined && isRunning(pid));
    assert.equal(daemon.state, "running");
    assert.equal(daemon.takenOver, false);
    assert.equal(daemon.address, `unix://${bed.home}/containerd.sock`);
    assert.match(daemon.version, new RegExp(`^v?${containerdVersion.replace(".", "\\.")}\\.`));
    assert.deepEqual(bed.daemonPids(), [pid]);
    for (const name of ["config.toml", "supervisor.toml", "containerd.pid", "containerd.log"]) {
      assert.equal(statSync(`${bed.home}/${name}`).mode & 0o777, 0o600, name);
    }

    const client = bed.client(daemon);
    const status = await client.run("job", specOf("sh", "-c", "exit 7"), RUNC);
    assert.equal(status.state === "exited" && status.code, 7);
    await client[Symbol.asyncDispose]();

    await daemon.stop();
    assert.equal(daemon.state, "stopped");
    assert.equal(daemon.pid, undefined);
    assert.ok(!isRunning(pid));
    assert.deepEqual(entries(), KEPT);
    assert.deepEqual(bed.daemonPids(), []);
    assert.deepEqual(bed.states, ["starting", "running", "stopped"]);
    await daemon.ended;
    await daemon.stop();
    await daemon.detach();
    assert.equal(daemon.state, "stopped");
    assert.match(String(await rejection(daemon.ready())), /stopped/);
  });

  it("supervise() starts the daemon in a session of its own", async () => {
    const { pid = 0 } = await bed.supervise();
    const stat = readProcess(pid);
    assert.equal(stat?.parentPid, process.pid);
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const session = text.slice(text.lastIndexOf(")") + 2).split(" ")[3];
    assert.equal(session, String(pid));
  });

  it("supervise() passes config, log level, OOM score and environment on", async () => {
    const binary = bed.script(
      'echo "level of $GREETING, notify $NOTIFY_SOCKET"; exec "$REAL" "$@"',
    );
    const daemon = await bed.supervise({
      binary,
      config: "oom_score = 3\n[grpc]\n  address = '/nowhere/else.sock'\n  uid = 65534\n",
      logLevel: "debug",
      oomScore: 77,
      env: { ...bed.options().env, GREETING: "greeting", NOTIFY_SOCKET: "@mine" },
    });
    assert.equal(readFileSync(`/proc/${daemon.pid}/oom_score_adj`, "utf8").trim(), "77");
    assert.equal(statSync(`${bed.home}/containerd.sock`).uid, 65534);
    const log = readFileSync(daemon.logFile, "utf8");
    assert.match(log, /^level of greeting, notify $/m);
    assert.match(log, /level=debug/);
  });

  it("supervise() sets up no CRI, and nothing outside of its folders", async () => {
    const client = bed.client(await bed.supervise());
    const { asContainerd } = await import("../../plugins/containerd/mod.ts");
    const plugins = await asContainerd(await client.runtime()).plugins();
    assert.ok(plugins.length > 20);
    assert.deepEqual(
      plugins.filter(({ type, id, error }) =>
        error === undefined && (/cri|podsandbox|nri/.test(`${type} ${id}`) || id === "opt")
      ),
      [],
    );
  });

  it("supervise() lets one of two owners have a folder", async () => {
    const outcomes = await Promise.allSettled([bed.supervise(), bed.supervise()]);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    const refused = outcomes.find((each) => each.status === "rejected");
    assert.equal(refused?.reason.code, "conflict");
    assert.match(refused?.reason.message, new RegExp(`process ${process.pid} does`));
    assert.equal(bed.daemonPids().length, 1);
  });

  it("supervise() lets one of several processes have a folder, and another one later", async () => {
    const children = [1, 2, 3].map(() => new ChildScript(ownerScript, ["hold", bed.home]));
    try {
      const ends = children.map(async (child) => {
        const end = await child.ended;
        if (!/conflict|does, which supervises/.test(end.stderr)) return;
        return "refused";
      });
      await eventually(
        "two refusals",
        () => children.filter((each) => !each.isRunning).length === 2,
      );
      const winner = children.find((each) => each.isRunning);
      assert.ok(winner);
      await eventually("a daemon", () => bed.daemonPids().length === 1);
      winner.kill();
      assert.equal((await Promise.all(ends)).filter((each) => each === "refused").length, 2);
    } finally {
      for (const child of children) child.kill();
      await Promise.all(children.map((each) => each.ended));
    }
    await bed.supervise();
  });

  it("supervise() says what is wrong with a configuration, and leaves nothing", async () => {
    const error = await rejection(bed.supervise({ config: "[broken" })) as Error & { code: string };
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /^Cannot start containerd ".*": ended with exit code 1\n.*toml/is);
    assert.deepEqual(bed.daemonPids(), []);
    assert.deepEqual(entries(), KEPT);
    assert.deepEqual(bed.states, ["starting"]);
  });

  it("supervise() gives a daemon that never answers its budget, and ends it", async () => {
    const binary = bed.script('echo "I only sleep"; exec sleep 600 "$@" 2>/dev/null || read x');
    const silent = bed.script(
      `mkfifo ${bed.home}/never; echo "I only wait"; read x < ${bed.home}/never`,
    );
    assert.equal(binary, silent);
    const error = await rejection(bed.supervise({ binary, startBudgetMs: 300 })) as Error;
    assert.match(error.message, /no answer within 300 ms\nI only wait$/);
    assert.deepEqual(bed.daemonPids(), []);
    assert.deepEqual(entries(), KEPT.filter((name) => existsSync(`${bed.home}/${name}`)));
  });

  it("supervise() that is aborted ends what it has started, with the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const binary = bed.script(`mkfifo ${bed.home}/never; read x < ${bed.home}/never`);
    const starting = bed.supervise({ binary, signal: controller.signal });
    await eventually("the start", () => existsSync(`${bed.home}/containerd.pid`));
    controller.abort(reason);
    assert.equal(await rejection(starting), reason);
    assert.deepEqual(bed.daemonPids(), []);
    assert.ok(!existsSync(`${bed.home}/containerd.pid`));
    await bed.supervise();
  });

  it("supervise() refuses a bad option before anything is started", async () => {
    const error = await rejection(bed.supervise({ healthMisses: 0 }));
    assert.equal((error as { field?: string }).field, "healthMisses");
    assert.deepEqual(entries(), ["root", "state"]);
  });
});

describe("stop()", () => {
  it("stop() asks first, and ends what a script has started, too", async () => {
    const binary = bed.script('trap "echo asked to stop" TERM; "$REAL" "$@" & wait; wait');
    const daemon = await bed.supervise({ binary });
    assert.equal(bed.daemonPids().length, 2);
    await daemon.stop();
    assert.match(daemon.logTail(50).join("\n"), /asked to stop/);
    assert.deepEqual(bed.daemonPids(), []);
    assert.deepEqual(entries(), KEPT);
  });

  it("stop() kills a daemon that does not listen to SIGTERM, after its budget", async () => {
    const never = `${bed.home}/never`;
    const binary = bed.script(
      `trap "echo ignored" TERM; mkfifo ${never}; "$REAL" "$@" & while :; do read x < ${never}; done`,
    );
    const daemon = await bed.supervise({ binary });
    const before = performance.now();
    await daemon.stop({ budgetMs: 300 });
    assert.ok(performance.now() - before >= 300);
    assert.match(daemon.logTail(50).join("\n"), /ignored/);
    assert.deepEqual(bed.daemonPids(), []);
    assert.deepEqual(entries(), KEPT);
  });

  it("stop() kills a daemon that hangs, and removes its sockets for it", async () => {
    const daemon = await bed.supervise();
    process.kill(daemon.pid ?? 0, "SIGSTOP");
    await daemon.stop({ budgetMs: 50 });
    assert.deepEqual(bed.daemonPids(), []);
    assert.deepEqual(entries(), KEPT);
  });

  it("stop() leaves containers running, and the next daemon has them", async () => {
    const first = await bed.supervise();
    const one = bed.client(first);
    await one.create("web", sleeper(), RUNC);
    const { pid } = await one.start("web");
    await one[Symbol.asyncDispose]();
    await first.stop();
    assert.ok(isRunning(pid));
    const two = bed.client(await bed.supervise());
    assert.deepEqual((await two.restore("web")).pid, pid);
    await two.delete("web", { force: true });
  });

  it("[Symbol.asyncDispose]() stops", async () => {
    const daemon = await bed.supervise();
    await daemon[Symbol.asyncDispose]();
    assert.equal(daemon.state, "stopped");
    assert.deepEqual(bed.daemonPids(), []);
  });

  it("stop() refuses an unknown option, and goes on running", async () => {
    const daemon = await bed.supervise();
    const error = await rejection(daemon.stop({ budget: 1 } as never));
    assert.equal((error as { field?: string }).field, "budget");
    assert.equal(daemon.state, "running");
  });
});

describe("the event loop", () => {
  it("supervise() does not keep the process alive for a daemon that it has taken over", async () => {
    const lines = [];
    for (let round = 1; round <= 2; round++) {
      const end = await new ChildScript(ownerScript, ["end", bed.home]).ended;
      assert.equal(end.code, 0);
      lines.push(end.lines[0]);
    }
    assert.equal(lines[0], `pid ${bed.daemonPids()[0]}`);
    assert.equal(lines[1], lines[0]);
  });

  for (const mode of ["end", "crash", "stop"]) {
    it(`supervise() does not keep the process alive: ${mode}`, async () => {
      const child = new ChildScript(ownerScript, [mode, bed.home]);
      try {
        const end = await child.ended;
        assert.equal(end.stderr, "");
        assert.equal(end.code, 0);
        assert.equal(end.lines.at(-1), "end");
        assert.equal(end.lines.length, mode === "crash" ? 3 : 2);
        const last = Number(end.lines.at(-2)?.slice("pid ".length));
        assert.deepEqual(bed.daemonPids(), mode === "stop" ? [] : [last]);
      } finally {
        child.kill();
        await child.ended;
      }
    });
  }
});

describe("two folders", () => {
  it("supervise() runs daemons side by side", async () => {
    const other = new SupervisorBed();
    try {
      const [one, two] = await Promise.all([bed.supervise(), supervise(other.options())]);
      assert.notEqual(one.pid, two.pid);
      await two.stop();
      assert.equal(one.state, "running");
      assert.ok(one.pid !== undefined && isRunning(one.pid));
    } finally {
      await other.remove();
    }
  });
});
