import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import { linuxProgramProcess, linuxProgramSpec } from "../../plugins/testing/linux-programs.ts";
import { runtimeContract } from "../../plugins/testing/mod.ts";
import { Client, Registry } from "../../src/mod.ts";

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
    inOtherProcess: false,
  },
});
