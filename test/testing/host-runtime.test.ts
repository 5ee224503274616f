import assert from "node:assert/strict";
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import {
  linuxProgramProcess,
  linuxProgramSpec,
  runtimeContract,
} from "../../plugins/testing/mod.ts";
import { Client, Registry } from "../../src/mod.ts";
import { runScript } from "../helpers/runtime.ts";

const shim = "org.example.host.v1";
const plugin = hostRuntime();

runtimeContract({
  name: "host processes",
  shim,
  open: (options) => Promise.resolve(new Client(new Registry({ [shim]: plugin }), options)),
  spec: (program, options) => linuxProgramSpec(program, { ...options, rootfs: "/" }),
  process: linuxProgramProcess,
  capabilities: {
    terminal: false,
    pause: true,
    stats: false,
    listPids: true,
    updateResources: false,
    checkpoint: false,
    inOtherProcess: {
      inherit: async (id, program) => {
        const script = new URL("./inherit-child.ts", import.meta.url);
        const { code, stdout, stderr } = await runScript("current", script, [
          id,
          JSON.stringify(program),
        ]);
        assert.equal(code, 0, stderr);
        return { stdout, stderr };
      },
    },
  },
});
