import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { connect } from "../../plugins/auto/mod.ts";
import { majorVersion } from "../../plugins/supervisor/binary.ts";
import { supervise } from "../../plugins/supervisor/mod.ts";
import { readSettings } from "../../plugins/supervisor/settings.ts";
import { isContainerError } from "../../src/errors.ts";
import { eventually } from "../helpers/eventually.ts";
import {
  descendantsOf,
  findByArguments,
  isRunning,
  signalIfRunning,
} from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";

/** A folder that cannot be made: who got that far has started something. */
const nowhere = "/dev/null/nowhere";

const refused: readonly (readonly [field: string, options: unknown])[] = [
  ["options", null],
  ["binaries", { binaries: "containerd" }],
  ["binary", { binary: "" }],
  ["binary", { binary: "bin/containerd" }],
  ["binary", { binary: 5 }],
  ["binary", { binary: "/bin/a\0b" }],
  ["directory", { directory: "relative" }],
  ["directory", { directory: "/" }],
  ["directory", { directory: "/run/.." }],
  ["directory", { directory: `/${"x".repeat(92)}` }],
  ["directory", { directory: null }],
  ["rootDirectory", { rootDirectory: "relative" }],
  ["config", { config: 5 }],
  ["config", { config: "version = 2" }],
  ["config", { config: "# mine\n  imports = ['/x']\n[grpc]\n" }],
  ["config", { config: '"version"=2' }],
  ["logLevel", { logLevel: "loud" }],
  ["oomScore", { oomScore: 1001 }],
  ["oomScore", { oomScore: -1001 }],
  ["oomScore", { oomScore: 0.5 }],
  ["env", { env: null }],
  ["env.A", { env: { A: 1 } }],
  ["env.A=B", { env: { "A=B": "C" } }],
  ["startBudgetMs", { startBudgetMs: 0 }],
  ["startBudgetMs", { startBudgetMs: Infinity }],
  ["healthIntervalMs", { healthIntervalMs: 0 }],
  ["healthTimeoutMs", { healthTimeoutMs: "3000" }],
  ["healthMisses", { healthMisses: 0 }],
  ["maxRestarts", { maxRestarts: 0 }],
  ["maxLogBytes", { maxLogBytes: -1 }],
  ["onState", { onState: true }],
  ["onState", { onState: Object.create(null) }],
  ["signal", { signal: 5 }],
];

describe("supervise()", () => {
  for (const [field, options] of refused) {
    it(`supervise() refuses ${field} of ${JSON.stringify(options)}`, async () => {
      const all = options === null ? null : { directory: nowhere, ...options };
      const error = await rejection(supervise(all as never));
      assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
      assert.equal(error.field, field);
      assert.doesNotMatch(error.message, /\.$/);
    });
  }

  it("supervise() of an aborted caller rejects with the reason, and makes nothing", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    assert.equal(await rejection(supervise({ directory: nowhere, signal })), reason);
  });

  for (
    const [binary, where] of [
      ["containerd", 'not in PATH "/nowhere:/dev"'],
      ["/nowhere/containerd", "not an executable file"],
      ["/etc/passwd", "not an executable file"],
      ["/tmp", "not an executable file"],
    ] as const
  ) {
    it(`supervise() does not find ${binary}, and says where it looked`, async () => {
      const env = { PATH: "/nowhere:/dev" };
      const error = await rejection(supervise({ directory: nowhere, binary, env }));
      assert.ok(isContainerError(error, "not_found"), `${error}`);
      assert.equal(error.message, `Cannot find containerd "${binary}": ${where}`);
    });
  }

  it("supervise() says what a program says that does not tell its version", async () => {
    const error = await rejection(supervise({ directory: nowhere, binary: "/bin/false" }));
    assert.ok(isContainerError(error, "unavailable"), `${error}`);
    assert.match(error.message, /^Cannot run containerd "\/bin\/false": /);
  });

  for (const trap of ["", 'trap "" TERM; ']) {
    it(`supervise() ends a program that hangs when asked for its version: ${trap}`, async () => {
      const directory = mkdtempSync("/tmp/lct-sup-");
      try {
        const binary = `${directory}/containerd`;
        writeFileSync(binary, `#!/bin/sh\n${trap}while :; do sleep 600; done\n`);
        chmodSync(binary, 0o755);
        const group = () => findByArguments(binary);
        const late = await rejection(
          majorVersion(binary, process.env, { budgetMs: 500 }),
        ) as Error & { code: string };
        assert.equal(late.code, "deadline_exceeded");
        assert.equal(late.message, `Cannot run containerd "${binary}": no version within 500 ms`);
        await eventually("its end", () => group().length === 0);

        const controller = new AbortController();
        const reason = new Error("enough");
        const { signal } = controller;
        const aborted = rejection(supervise({ directory: `${directory}/d`, binary, signal }));
        const sleeping = () => descendantsOf(group());
        let children: readonly number[] = [];
        await eventually("the start", () => (children = sleeping()).length > 0);
        controller.abort(reason);
        assert.equal(await aborted, reason);
        await eventually("its end", () => ![...group(), ...children].some((pid) => isRunning(pid)));
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  }

  it("supervise() does not wait for what its program has left when asked for its version", async () => {
    const directory = mkdtempSync("/tmp/lct-sup-");
    let left = 0;
    try {
      const binary = `${directory}/containerd`;
      const note = `echo $! > ${directory}/left; echo "containerd x v2.1.0"; exit 4`;
      writeFileSync(binary, `#!/bin/sh\nsleep 600 &\n${note}\n`);
      chmodSync(binary, 0o755);
      const error = await rejection(
        supervise({ directory: `${directory}/d`, binary, startBudgetMs: 60_000 }),
      ) as Error & { code: string };
      left = Number(readFileSync(`${directory}/left`, "utf8"));
      assert.equal(error.message, `Cannot run containerd "${binary}": ended with exit code 4`);
    } finally {
      if (left !== 0) signalIfRunning(left, "SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("supervise() says that it cannot make its folder", async () => {
    const error = await rejection(supervise({ directory: nowhere, binary: "/bin/true" }));
    assert.ok(isContainerError(error), `${error}`);
    assert.match(error.message, /^Cannot make folder "\/dev\/null\/nowhere": /);
  });
});

describe("readSettings()", () => {
  it("readSettings() has moby's figures and the folders of the system by default", () => {
    const { onState: _, ...settings } = readSettings({});
    assert.deepEqual(settings, {
      binary: "containerd",
      directory: "/run/libcontainerd/daemon",
      rootDirectory: "/var/lib/libcontainerd/daemon",
      address: "unix:///run/libcontainerd/daemon/containerd.sock",
      config: "",
      logLevel: undefined,
      oomScore: undefined,
      env: {},
      startBudgetMs: 15_000,
      healthIntervalMs: 3000,
      healthTimeoutMs: 3000,
      healthMisses: 3,
      maxRestarts: 5,
      maxLogBytes: 10 * 1024 * 1024,
    });
  });

  it("readSettings() keeps everything in a folder that is given, in one spelling", () => {
    const { directory, rootDirectory } = readSettings({ directory: "/run//a/./x/../b c/" });
    assert.equal(directory, "/run/a/b c");
    assert.equal(rootDirectory, "/run/a/b c/root");
    assert.equal(readSettings({ rootDirectory: "/srv/root/" }).rootDirectory, "/srv/root");
  });

  it("readSettings() takes the longest folder that a socket's path leaves room for", () => {
    const directory = `/${"x".repeat(107 - "/containerd.sock".length - 1)}`;
    assert.equal(readSettings({ directory }).directory, directory);
  });

  it("readSettings() takes keys in tables that only look like those it sets", () => {
    const config = "[plugins.x]\n  version = 2\n";
    assert.equal(readSettings({ config }).config, config);
  });
});

describe("connect()", () => {
  for (
    const [field, options] of [
      ["supervise", { supervise: "yes" }],
      ["supervise", { supervise: null }],
      ["keepRunning", { supervise: { keepRunning: 1 } }],
      ["signal", { supervise: { signal: AbortSignal.timeout(1000) } }],
      ["address", { supervise: true, address: "/run/x.sock" }],
      ["tls", { supervise: true, tls: {} }],
      ["binary", { supervise: { binary: "" } }],
      ["budget", { supervise: { budget: 1 } }],
      ["namespace", { supervise: { directory: nowhere }, namespace: "a b" }],
      ["drainBudgetMs", { supervise: { directory: nowhere }, drainBudgetMs: -1 }],
    ] as const
  ) {
    it(`connect() with supervise refuses ${field} of ${JSON.stringify(options)}`, async () => {
      const error = await rejection(connect(options as never));
      assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
      assert.equal(error.field, field);
    });
  }
});
