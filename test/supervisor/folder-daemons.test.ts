import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { FolderDaemons } from "../../plugins/supervisor/folder-daemons.ts";
import { Home } from "../../plugins/supervisor/home.ts";
import { identify, isHere, type ProcessIdentity } from "../../plugins/supervisor/process-table.ts";
import { readSettings } from "../../plugins/supervisor/settings.ts";
import { eventually } from "../helpers/eventually.ts";
import { findByArguments, isRunning, signalIfRunning } from "../helpers/processes.ts";
import { execPath } from "../helpers/runtime.ts";

let folder: string;
let home: Home;
let daemons: FolderDaemons;
const started = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync("/tmp/lct-sup-");
  home = new Home(readSettings({ directory: folder }));
  daemons = new FolderDaemons(home, ["containerd"]);
});
afterEach(async () => {
  for (const pid of findByArguments("--config", home.configFile)) signalIfRunning(pid, "SIGKILL");
  for (const child of started) {
    child.kill("SIGKILL");
    child.stdout?.destroy();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  started.clear();
  rmSync(folder, { recursive: true, force: true });
});

const WAITS = "echo up; read x";

function script(text: string): string {
  const path = `${folder}/containerd`;
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A script of JavaScript that listens on the socket of the folder. */
function listener(): string {
  const path = `${folder}/containerd`;
  const listen = `require("net").createServer().listen("${home.socket}", () => console.log("up"))`;
  writeFileSync(path, `#!${execPath("node24")}\n${listen}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Starts a program as a daemon of the folder, and waits until it is up. */
async function start(...command: readonly string[]): Promise<ProcessIdentity> {
  const [program = "", ...args] = [...command, "--config", home.configFile];
  const child = spawn(program, args, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
  started.add(child);
  await once(child.stdout, "data");
  const identity = identify(child.pid ?? 0);
  assert.ok(identity);
  return identity;
}

describe("FolderDaemons", () => {
  it("proven() has nobody for a command line alone", async () => {
    const stranger = await start(script(WAITS));
    assert.deepEqual(daemons.proven(undefined), []);
    assert.equal(daemons.listening(), undefined);
    assert.deepEqual(daemons.unproven(), stranger);
    assert.deepEqual(daemons.proven(stranger), [stranger]);
    assert.equal(daemons.unproven(stranger), undefined);
  });

  it("proven() has who listens on the folder's socket, with its configuration", async () => {
    const daemon = await start(listener());
    assert.deepEqual(daemons.proven(undefined), [daemon]);
    assert.deepEqual(daemons.listening(), daemon);
    assert.ok(daemons.isListenedOn(daemon));
    assert.equal(daemons.unproven(), undefined);
  });

  for (const flag of ["--mount", "--pid"]) {
    it(`proven() has nobody of a container, whatever it listens on: ${flag}`, async () => {
      const fork = flag === "--pid" ? ["--fork"] : [];
      await start("unshare", flag, ...fork, listener());
      assert.deepEqual(daemons.proven(undefined), []);
      assert.equal(daemons.listening(), undefined);
      assert.equal(daemons.unproven(), undefined);
    });
  }

  it("unproven() has nobody with another root, where the folder is another", async () => {
    const root = `${folder}/root`;
    const text = 'for file in /bin/sh $(ldd /bin/sh | grep -o "/[^ ]*"); do ' +
      'mkdir -p "$0$(dirname $file)" && cp -L $file "$0$file"; done';
    execFileSync("sh", ["-c", text, root]);
    copyFileSync(script(WAITS), `${root}/containerd`);
    const outside = await start("chroot", root, "/containerd");
    assert.ok(isHere(outside.pid));
    assert.equal(daemons.unproven(), undefined);
    mkdirSync(`${root}${folder}`, { recursive: true });
    assert.equal(daemons.unproven(), undefined);
  });

  it("proven() has what a script has started, also when that has ended", async () => {
    const inner = `${folder}/inner`;
    writeFileSync(inner, "#!/bin/sh\nmkfifo $0.never; echo up; read x < $0.never\n");
    chmodSync(inner, 0o755);
    const outer = script(`${inner} "$@" & wait`);
    daemons = new FolderDaemons(home, ["containerd", "inner"]);
    const known = await start(outer);
    const all = daemons.proven(known);
    assert.equal(all.length, 2);
    assert.deepEqual(all[0], known);
    const [, child] = all;
    assert.ok(child);
    assert.deepEqual(daemons.proven({ ...known, startTicks: known.startTicks - 1 }), []);

    process.kill(known.pid, "SIGKILL");
    await eventually("its end", () => !isRunning(known.pid));
    assert.deepEqual(daemons.proven(known), [child]);
    assert.deepEqual(daemons.proven({ ...known, startTicks: child.startTicks + 1 }), []);
  });

  it("isDaemon() is about the process that was noted", async () => {
    const daemon = await start(script(WAITS));
    assert.ok(daemons.isDaemon(daemon));
    assert.ok(!daemons.isDaemon({ ...daemon, startTicks: daemon.startTicks - 1 }));
    const own = identify(process.pid);
    assert.ok(own && !daemons.isDaemon(own));
  });
});
