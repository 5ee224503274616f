import type { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import type { RuntimeCapabilities } from "./capabilities.ts";
import type { Program, ProgramOptions } from "./program.ts";

/** A runtime under the contract. */
export interface RuntimeContractOptions {
  /** Names it in the test report. */
  readonly name: string;
  /** A shim that the runtime serves. */
  readonly shim: string;
  /**
   * Opens a client, whose registry has the plugin as its only entry or as the fallback. Called more
   * than once: all of the clients see the same containers, which outlive the one that made them. The
   * suite disposes each.
   */
  readonly open: (options?: ClientOptions) => Promise<Client>;
  /** The spec of a container that runs a program. */
  readonly spec: (program: Program, options?: ProgramOptions) => Spec;
  /** The spec of a further process that runs a program. */
  readonly process: (program: Program, options?: ProgramOptions) => Process;
  /** What it can do. */
  readonly capabilities: RuntimeCapabilities;
  /** Brings up what `open` needs, once before all. */
  readonly before?: () => Promise<void>;
  /** Takes down what `before` brought up, after all clients are closed; also where `before` failed. */
  readonly after?: () => Promise<void>;
  /**
   * How long a test may take, in milliseconds; one that waits for an event gives up at half of it.
   * What takes longer fails, and names the calls that are not done; what comes before and after all
   * tests may take five times as long. Default: 120 000.
   */
  readonly testBudgetMs?: number | undefined;
}
