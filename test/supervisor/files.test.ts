import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { daemonConfig } from "../../plugins/supervisor/config.ts";
import { DaemonLog } from "../../plugins/supervisor/daemon-log.ts";
import { Home } from "../../plugins/supervisor/home.ts";
import { readPidFile, writePidFile } from "../../plugins/supervisor/pid-file.ts";
import { identify, isAlive, isDaemon, isHere } from "../../plugins/supervisor/process-table.ts";
import { RestartDelay } from "../../plugins/supervisor/restart-delay.ts";
import { execPath, spawnScript } from "../helpers/runtime.ts";
import { eventually } from "../helpers/eventually.ts";
import { argumentsOf } from "../helpers/processes.ts";
import { keepStackDump } from "../../plugins/supervisor/stack-dump.ts";
import { readSettings } from "../../plugins/supervisor/settings.ts";
import { isListenedOn, isListenedOnBy, listenerOf } from "../../plugins/supervisor/socket-owner.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync("/tmp/lct-sup-");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function mode(path: string): number {
  return statSync(path).mode & 0o777;
}

describe("Home", () => {
  it("make() makes folders that nobody else can enter", () => {
    const umask = process.umask(0o277);
    try {
      new Home(readSettings({ directory: `${folder}/a/b`, rootDirectory: `${folder}/c` })).make();
    } finally {
      process.umask(umask);
    }
    assert.equal(mode(`${folder}/a/b`), 0o700);
    assert.equal(mode(`${folder}/c`), 0o700);
  });

  it("make() leaves the mode of a folder that was there", () => {
    chmodSync(folder, 0o755);
    new Home(readSettings({ directory: folder })).make();
    assert.equal(mode(folder), 0o755);
  });

  for (
    const [what, spoil] of [
      ["that others can write to", (path: string) => chmodSync(path, 0o777)],
      ["of another user", (path: string) => chownSync(path, 65534, 65534)],
      ["that is a file", (path: string) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, "");
      }],
    ] as const
  ) {
    it(`make() refuses a folder ${what}`, () => {
      const directory = `${folder}/spoiled`;
      mkdirSync(directory);
      spoil(directory);
      assert.throws(() => new Home(readSettings({ directory })).make(), {
        code: "permission_denied",
        message: `Cannot use folder "${directory}": must be a folder of this user that nobody ` +
          "else can write to",
      });
    });
  }

  for (
    const [what, spoil] of [
      ["of another user", (path: string) => chownSync(path, 65534, 65534)],
      ["that others can write to", (path: string) => chmodSync(path, 0o777)],
      ["that a group can write to", (path: string) => chmodSync(path, 0o775)],
      ["of another user by a link", (path: string) => {
        mkdirSync(`${path}-target`);
        rmSync(path, { recursive: true });
        symlinkSync(`${path}-target`, path);
        chownSync(`${path}-target`, 65534, 65534);
      }],
      ["by a link of another user", (path: string) => {
        mkdirSync(`${path}-target`);
        rmSync(path, { recursive: true });
        symlinkSync(`${path}-target`, path);
        lchownSync(path, 65534, 65534);
      }],
    ] as const
  ) {
    it(`make() refuses a folder in one ${what}, and makes nothing there`, () => {
      const parent = `${folder}/theirs`;
      mkdirSync(parent);
      spoil(parent);
      for (const name of ["directory", "rootDirectory"]) {
        const settings = readSettings({
          directory: `${folder}/own`,
          [name]: `${parent}/between/daemon`,
        });
        assert.throws(() => new Home(settings).make(), (error: Error & { code?: string }) => {
          assert.equal(error.code, "permission_denied");
          assert.match(
            error.message,
            /^Cannot use folder ".*\/theirs\/between": ".*\/theirs(-target)?" (belongs to|others can)/,
          );
          return true;
        });
      }
      assert.deepEqual(readdirSync(parent), []);
    });
  }

  it("make() takes a folder in one that all may add to, and by a link of its own", () => {
    mkdirSync(`${folder}/all`);
    chmodSync(`${folder}/all`, 0o1777);
    symlinkSync("all/../all", `${folder}/link`);
    new Home(readSettings({ directory: `${folder}/link/daemon` })).make();
    assert.equal(mode(`${folder}/all/daemon`), 0o700);
    symlinkSync("loop", `${folder}/loop`);
    assert.throws(() => new Home(readSettings({ directory: `${folder}/loop/daemon` })).make(), {
      name: "ContainerError",
    });
  });

  for (const name of ["containerd.sock", "shims.sock", "containerd.pid"] as const) {
    it(`removeTraces() says that a folder is in the place of ${name}`, () => {
      mkdirSync(`${folder}/${name}/theirs`, { recursive: true });
      const message = `Cannot remove "${folder}/${name}": it is a folder`;
      const home = new Home(readSettings({ directory: folder }));
      assert.throws(() => home.removeTraces(), { code: "failed_precondition", message });
      assert.throws(() => readPidFile(`${folder}/${name}`), {
        code: "failed_precondition",
        message: `Cannot read PID file "${folder}/${name}": it is a folder`,
      });
    });
  }

  it("hasConfig() compares what is written, and writeConfig() leaves no draft", () => {
    const home = new Home(readSettings({ directory: folder }));
    const config = { main: "a", own: "b" };
    assert.ok(!home.hasConfig(config));
    home.writeConfig(config);
    assert.ok(home.hasConfig(config));
    assert.ok(!home.hasConfig({ main: "a", own: "c" }));
    assert.ok(!home.hasConfig({ main: "c", own: "b" }));
    assert.deepEqual(readdirSync(folder).sort(), ["config.toml", "supervisor.toml"]);
    assert.equal(mode(`${folder}/config.toml`), 0o600);
  });
});

describe("daemonConfig()", () => {
  const settings = readSettings({
    directory: '/run/a "b"',
    config: "[metrics]\n",
    logLevel: "warn",
    oomScore: -5,
  });

  for (const [major, version] of [[1, 2], [2, 3], [3, 3]] as const) {
    it(`daemonConfig() is of version ${version} for containerd ${major}`, () => {
      const { main, own } = daemonConfig(new Home(settings), settings, major);
      assert.equal(
        main,
        `version = ${version}\nimports = ["/run/a \\"b\\"/supervisor.toml"]\n[metrics]\n\n`,
      );
      assert.ok(own.startsWith(`version = ${version}\nroot = "/run/a \\"b\\"/root"\n`));
      assert.match(own, /\[grpc\]\naddress = "\/run\/a \\"b\\"\/containerd\.sock"\n/);
      assert.match(own, /\noom_score = -5\n/);
      assert.match(own, /\[debug\]\nlevel = "warn"\n/);
    });
  }

  it("daemonConfig() does not set what was not asked for", () => {
    const plain = readSettings({ directory: "/run/a" });
    const { own } = daemonConfig(new Home(plain), plain, 2);
    assert.doesNotMatch(own, /debug|oom_score|metrics/);
  });
});

describe("the PID file", () => {
  it("readPidFile() reads what writePidFile() wrote, and nothing else", () => {
    const path = `${folder}/pid`;
    assert.equal(readPidFile(path), undefined);
    const own = identify(process.pid);
    assert.ok(own);
    writePidFile(path, own);
    assert.deepEqual(readPidFile(path), own);
    assert.equal(mode(path), 0o600);
    assert.equal(readFileSync(path, "utf8").split("\n")[0], String(process.pid));
    for (const text of ["", "5\n", "0\n1\nb\n", "5 6 7", "5\n6\nb\nmore\n"]) {
      writeFileSync(path, text);
      assert.equal(readPidFile(path), undefined, text);
    }
  });
});

describe("processes", () => {
  it("isAlive() is about the process, and not about its id", () => {
    const own = identify(process.pid);
    assert.ok(own);
    assert.ok(isAlive(own));
    assert.ok(!isAlive({ ...own, startTicks: own.startTicks + 1 }));
    assert.ok(!isAlive({ ...own, bootId: "another" }));
    assert.ok(!isAlive({ ...own, pid: 4194305 }));
  });

  it("identify() has nothing of a process that has ended and was not waited for", async () => {
    // Its parent becomes a program that waits for nobody, and only then does it end.
    const text = "exec 3<&0; cat <&3 >/dev/null & echo $!; exec sleep 600 </dev/null 3<&-";
    const child = spawn("sh", ["-c", text], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      const [data] = await once(child.stdout, "data");
      const pid = Number(String(data));
      await eventually("its parent", () => argumentsOf(child.pid ?? 0)[0] === "sleep");
      child.stdin.end();
      const isZombie = () => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      await eventually("its end", isZombie);
      assert.equal(identify(pid), undefined);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("identify() knows a process whose first thread has ended before others", async () => {
    const script = new URL("./support/thread-child.ts", import.meta.url);
    const child = spawnScript("deno", script);
    assert.ok(child.stdout);
    try {
      const [data] = await once(child.stdout, "data");
      const pid = Number(String(data));
      const isZombie = () => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      await eventually("the end of its first thread", isZombie);
      assert.equal(identify(pid)?.pid, pid);
    } finally {
      child.kill("SIGKILL");
      await once(child, "close");
    }
    assert.equal(identify(child.pid ?? 0), undefined);
  });

  it("isDaemon() goes by the command line and the program", async () => {
    const script = `${folder}/containerd`;
    writeFileSync(script, "#!/bin/sh\necho up; read x\n");
    chmodSync(script, 0o755);
    const cases: readonly (readonly [boolean, string, readonly string[]])[] = [
      [true, script, ["--config", "/x/config.toml"]],
      [true, script, ["--log-level", "debug", "--config", "/x/config.toml"]],
      [false, script, ["--config", "/x/config.toml2"]],
      [false, script, ["/x/config.toml"]],
      [false, "sh", ["-c", "echo up; read x", "--config", "/x/config.toml"]],
    ];
    for (const [expected, program, args] of cases) {
      const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
      try {
        await once(child.stdout, "data");
        assert.equal(
          isDaemon(child.pid ?? 0, "/x/config.toml", ["containerd"]),
          expected,
          `${args}`,
        );
      } finally {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    }
    assert.ok(!isDaemon(4194305, "/x/config.toml", ["containerd"]));
  });
});

describe("sockets", () => {
  it("isListenedOn() and listenerOf() tell who listens", async () => {
    const path = `${folder}/a b.sock`;
    assert.ok(!await isListenedOn(path));
    const server = createServer().listen(path);
    await once(server, "listening");
    try {
      assert.ok(await isListenedOn(path));
      assert.equal(listenerOf(path), process.pid);
      assert.ok(isListenedOnBy(path, [process.pid]));
      assert.ok(isListenedOnBy(path, [process.ppid, process.pid]));
      assert.ok(!isListenedOnBy(path, [process.ppid]));
      assert.ok(!isListenedOnBy(`${folder}/other.sock`, [process.pid]));
    } finally {
      server.close();
      await once(server, "close");
    }
    assert.ok(!isListenedOnBy(path, [process.pid]));
    assert.equal(listenerOf(path), undefined);
  });

  it("isListenedOnBy() and listenerOf() pass over a container's, whose path is another", async () => {
    const path = `${folder}/c.sock`;
    const server = createServer().listen(path);
    await once(server, "listening");
    const text = `require("net").createServer().listen(${
      JSON.stringify(path)
    }, () => console.log("up"))`;
    const listen = (...before: readonly string[]) => {
      const [program = "", ...args] = [...before, execPath("node24"), "-e", text];
      return spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    };
    const mounts = 'mount -t tmpfs none "$0" && exec "$@"';
    const others = [listen("unshare", "--mount", "sh", "-c", mounts, folder)];
    try {
      const [first] = others;
      assert.ok(first?.stdout);
      await once(first.stdout, "data");
      assert.ok(isListenedOnBy(path, [process.pid]));
      assert.equal(listenerOf(path), process.pid);
      assert.ok(!isHere(first.pid ?? 0) && isHere(process.pid) && isHere(process.ppid));

      rmSync(path);
      const second = listen();
      others.push(second);
      await once(second.stdout, "data");
      assert.ok(!isListenedOnBy(path, [process.pid]), "here it is another's, too");
    } finally {
      for (const each of others) {
        each.kill("SIGKILL");
        await once(each, "close");
      }
      server.close();
      await once(server, "close");
    }
    assert.equal(listenerOf(path), undefined);
  });

  it("isListenedOn() is false for a socket that its listener has left, and for a file", async () => {
    const path = `${folder}/left.sock`;
    const text = `require("net").createServer().listen(${
      JSON.stringify(path)
    }, () => process.kill(process.pid, "SIGKILL"))`;
    assert.throws(() => execFileSync(execPath("node24"), ["-e", text], { stdio: "ignore" }));
    assert.ok(existsSync(path));
    assert.ok(!await isListenedOn(path));
    writeFileSync(`${folder}/file`, "");
    assert.ok(!await isListenedOn(`${folder}/file`));
  });
});

describe("DaemonLog", () => {
  it("tail() has the last lines, of a part if need be", () => {
    const log = new DaemonLog(`${folder}/log`, 1000);
    assert.deepEqual(log.tail(5), []);
    assert.equal(log.size(), 0);
    const fd = log.open();
    appendFileSync(log.path, "one\ntwo\n");
    const from = log.size();
    appendFileSync(log.path, "three\nfour\n");
    assert.deepEqual(log.tail(3), ["two", "three", "four"]);
    assert.deepEqual(log.tail(9, from), ["three", "four"]);
    assert.deepEqual(log.tail(9, log.size()), []);
    assert.deepEqual(log.tail(1, 1_000_000), ["four"]); // it was set aside meanwhile
    appendFileSync(log.path, `${"x".repeat(200_000)}\nlast\n`);
    const [long = "", last] = log.tail(5);
    assert.equal(last, "last");
    assert.ok(long.length < 65_536);
    closeSync(fd);
  });

  it("trim() sets aside what is too much, and goes on in the same file", () => {
    const log = new DaemonLog(`${folder}/log`, 10);
    const fd = log.open();
    try {
      appendFileSync(fd, "0123456789");
      log.trim();
      assert.ok(!existsSync(`${log.path}.1`));
      appendFileSync(fd, "x");
      log.trim();
      appendFileSync(fd, "new");
    } finally {
      closeSync(fd);
    }
    assert.equal(readFileSync(`${log.path}.1`, "utf8"), "0123456789x");
    assert.equal(readFileSync(log.path, "utf8"), "new");
    assert.equal(mode(`${log.path}.1`) & 0o077, 0);
  });
});

describe("keepStackDump()", () => {
  it("keepStackDump() moves what the daemon has written, and nothing that is another's", () => {
    const env = { TMPDIR: `${folder}/tmp` };
    const [dump, kept] = [`${folder}/tmp/containerd.5.stacks.log`, `${folder}/kept`];
    mkdirSync(`${folder}/tmp`);
    keepStackDump(5, env, kept);
    assert.ok(!existsSync(kept));
    writeFileSync(`${folder}/secret`, "secret");
    symlinkSync(`${folder}/secret`, dump);
    keepStackDump(5, env, kept);
    assert.ok(!existsSync(kept));
    rmSync(dump);
    writeFileSync(dump, "theirs");
    chownSync(dump, 65534, 65534);
    keepStackDump(5, env, kept);
    assert.ok(!existsSync(kept));
    chownSync(dump, process.geteuid?.() ?? 0, 0);
    writeFileSync(dump, "goroutines");
    keepStackDump(5, env, kept);
    assert.equal(readFileSync(kept, "utf8"), "goroutines");
    assert.ok(!existsSync(dump));
  });
});

describe("RestartDelay", () => {
  it("next() doubles from 100 ms to 30 s, and begins again after a long life", () => {
    const now = performance.now;
    try {
      let time = 0;
      performance.now = () => time;
      const delay = new RestartDelay();
      const seen = Array.from({ length: 11 }, () => delay.next());
      assert.equal(delay.restarts, 11);
      assert.deepEqual(seen.slice(0, 4), [100, 200, 400, 800]);
      assert.deepEqual(seen.slice(-3), [25_600, 30_000, 30_000]);
      delay.began();
      time += 29_999;
      delay.ended();
      assert.equal(delay.restarts, 11);
      assert.equal(delay.next(), 30_000);
      delay.began();
      time += 30_000;
      delay.ended();
      assert.equal(delay.restarts, 0);
      assert.equal(delay.next(), 100);
      assert.equal(delay.restarts, 1);
    } finally {
      performance.now = now;
    }
  });
});
