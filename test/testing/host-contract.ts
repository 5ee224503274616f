import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import {
  linuxProgramProcess,
  linuxProgramSpec,
  type RuntimeCapabilities,
  runtimeContract,
  type RuntimeContractOptions,
} from "../../plugins/testing/mod.ts";
import { Client, Registry } from "../../src/mod.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";

/** The shim that the example plugin stands for. */
export const HOST_SHIM = "org.example.host.v1";

/** What is different from holding the example plugin, as it is, to the contract. */
export interface HostContractOptions extends Partial<Omit<RuntimeContractOptions, "capabilities">> {
  /** Default: one of its own. */
  readonly plugin?: RuntimePlugin;
  /** Default: skipped, since it takes a program. */
  readonly inOtherProcess?: RuntimeCapabilities["inOtherProcess"];
}

/** Holds the example plugin to the contract, as a third party does with a plugin. */
export function hostContract(options: HostContractOptions = {}): void {
  const {
    plugin = hostRuntime(),
    inOtherProcess = "no other program is given to this test",
    ...different
  } = options;
  runtimeContract({
    name: "host processes",
    shim: HOST_SHIM,
    open: (own) => Promise.resolve(new Client(new Registry({ [HOST_SHIM]: plugin }), own)),
    spec: (program, own) => linuxProgramSpec(program, { ...own, rootfs: "/" }),
    process: linuxProgramProcess,
    capabilities: {
      terminal: false,
      pause: true,
      stats: false,
      listPids: true,
      updateResources: false,
      checkpoint: false,
      inOtherProcess,
    },
    ...different,
  });
}
