// What a third party's test of its plugin looks like; the test of the package runs it beside the
// installed package, with its imports changed to the names of that.
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import {
  linuxProgramProcess,
  linuxProgramSpec,
  runtimeContract,
} from "../../plugins/testing/mod.ts";
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
    inOtherProcess: "the test of the plugin itself has a program for it",
  },
});
