import assert from "node:assert/strict";
import { once } from "node:events";
import { linuxProgramProcess, linuxProgramSpec } from "../contract/linux-programs.ts";
import { runtimeContract } from "../contract/runtime.ts";
import { found, sharedRootfs } from "../helpers/cache.ts";
import { checkpointProblem } from "../helpers/criu.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { runScript, spawnScript } from "../helpers/runtime.ts";
import { connectTo, SHIM } from "./bed.ts";

const limit = 32n * 1024n * 1024n;
const script = new URL("./contract-child.ts", import.meta.url);
let daemon: Daemon | undefined;

function running(): Daemon {
  assert.ok(daemon);
  return daemon;
}

function where(): readonly string[] {
  const { address, namespace, home } = running();
  return [address, namespace, home];
}

runtimeContract({
  name: "containerd",
  shim: SHIM,
  before: async () => {
    daemon = await startDaemon();
  },
  after: async () => {
    await daemon?.stop();
  },
  open: (options) => Promise.resolve(connectTo(running(), options)),
  spec: (program, options) =>
    linuxProgramSpec(program, { ...options, rootfs: found(sharedRootfs) }),
  process: linuxProgramProcess,
  capabilities: {
    terminal: true,
    pause: true,
    stats: true,
    listPids: true,
    updateResources: {
      resources: { memory: { limit } },
      assertUpdated: (stats) => {
        if (stats.kind === "cgroup1") assert.equal(stats.memory?.usage?.limitBytes, limit);
        else assert.equal(stats.kind === "cgroup2" && stats.memory?.limitBytes, limit);
      },
    },
    checkpoint: checkpointProblem() || true,
    inOtherProcess: {
      inherit: async (id, program) => {
        const args = ["inherit", ...where(), id, JSON.stringify(program)];
        const { code, stdout, stderr } = await runScript("current", script, args);
        assert.equal(code, 0, stderr);
        return { stdout, stderr };
      },
      startPiped: async (id, text) => {
        const child = spawnScript("current", script, ["start-piped", ...where(), id, text]);
        try {
          assert.ok(child.stdout);
          const [line] = await once(child.stdout, "data");
          return String(line);
        } finally {
          child.kill("SIGKILL");
          if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
        }
      },
    },
  },
});
