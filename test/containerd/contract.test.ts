import assert from "node:assert/strict";
import { linuxProgramProcess, linuxProgramSpec } from "../../plugins/testing/linux-programs.ts";
import { runtimeContract } from "../../plugins/testing/mod.ts";
import { found, sharedRootfs } from "../helpers/cache.ts";
import { checkpointProblem } from "../helpers/criu.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { connectTo, SHIM } from "./bed.ts";
import { otherProcess } from "./other-process.ts";

const limit = 32n * 1024n * 1024n;
let daemon: Daemon | undefined;

function running(): Daemon {
  assert.ok(daemon);
  return daemon;
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
    inOtherProcess: otherProcess(running),
  },
});
