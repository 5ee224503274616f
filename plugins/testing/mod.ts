/**
 * The tests that every runtime plugin has to pass, for the authors of one. They run under
 * `node --test`, `deno test` and `bun test`.
 *
 * @example
 * ```ts
 * import { Client, Registry } from "libcontainerd";
 * import { linuxProgramProcess, linuxProgramSpec, runtimeContract } from "libcontainerd/testing";
 * import plugin from "./my-runtime.ts";
 *
 * const shim = "org.example.mine.v1";
 * runtimeContract({
 *   name: "mine",
 *   shim,
 *   open: (options) => Promise.resolve(new Client(new Registry({ [shim]: plugin }), options)),
 *   spec: (program, options) => linuxProgramSpec(program, { ...options, rootfs: "/" }),
 *   process: linuxProgramProcess,
 *   capabilities: {
 *     terminal: false,
 *     pause: true,
 *     stats: false,
 *     listPids: true,
 *     updateResources: false,
 *     checkpoint: false,
 *     inOtherProcess: "no other program in this test",
 *   },
 * });
 * ```
 *
 * @module
 */

import { after, before, describe } from "node:test";
import { badOptionsContract } from "./bad-options.ts";
import { Bench } from "./bench.ts";
import { checkpointContract } from "./checkpoint.ts";
import { controlContract } from "./control.ts";
import type { RuntimeContractOptions } from "./contract-options.ts";
import { eventContract } from "./events.ts";
import { execContract } from "./exec.ts";
import { filesContract } from "./files.ts";
import { lifecycleContract } from "./lifecycle.ts";
import { recordContract } from "./records.ts";
import { restoreContract } from "./restore.ts";
import { signalContract } from "./signals.ts";
import { stdioContract } from "./stdio.ts";
import { terminalContract } from "./terminal.ts";

export type {
  Capability,
  OtherProcess,
  ResourceUpdate,
  RuntimeCapabilities,
} from "./capabilities.ts";
export type { RuntimeContractOptions } from "./contract-options.ts";
export { linuxProgramArgs, linuxProgramProcess, linuxProgramSpec } from "./linux-programs.ts";
export type { LinuxProgramOptions } from "./linux-programs.ts";
export type { Program, ProgramOptions } from "./program.ts";

/**
 * Declares the tests that every runtime plugin has to pass, seen through the client and through
 * the handles of the plugin. To be called once for a plugin, at the top of a test file or within a
 * `describe()`.
 *
 * The tests run one after the other. A container that a failed test leaves is removed at the end.
 */
export function runtimeContract(options: RuntimeContractOptions): void {
  const bench = new Bench(options);
  describe(`contract of ${options.name}`, () => {
    before(() => bench.open());
    after(() => bench.close());
    recordContract(bench);
    lifecycleContract(bench);
    execContract(bench);
    badOptionsContract(bench);
    signalContract(bench);
    controlContract(bench);
    terminalContract(bench);
    stdioContract(bench);
    filesContract(bench);
    eventContract(bench);
    restoreContract(bench);
    checkpointContract(bench);
  });
}
