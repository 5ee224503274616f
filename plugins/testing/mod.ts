import { after, before, describe } from "node:test";
import { Bench, type RuntimeContractOptions } from "./bench.ts";
import { checkpointContract } from "./checkpoint.ts";
import { controlContract } from "./control.ts";
import { eventContract } from "./events.ts";
import { execContract } from "./exec.ts";
import { lifecycleContract } from "./lifecycle.ts";
import { recordContract } from "./records.ts";
import { restoreContract } from "./restore.ts";
import { signalContract } from "./signals.ts";
import { stdioContract } from "./stdio.ts";
import { terminalContract } from "./terminal.ts";

export type { OtherProcess, RuntimeCapabilities, RuntimeContractOptions } from "./bench.ts";
export type { Program, ProgramOptions } from "./program.ts";

/**
 * Declares the tests that every runtime plugin has to pass, seen through the client and through
 * the handles of the plugin.
 */
export function runtimeContract(options: RuntimeContractOptions): void {
  const bench = new Bench(options);
  describe(`contract of ${options.name}`, () => {
    before(() => bench.open());
    after(() => bench.close());
    recordContract(bench);
    lifecycleContract(bench);
    execContract(bench);
    signalContract(bench);
    controlContract(bench);
    terminalContract(bench);
    stdioContract(bench);
    eventContract(bench);
    restoreContract(bench);
    checkpointContract(bench);
  });
}
