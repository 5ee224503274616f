/**
 * The containerd runtime, over any RPC plugin. Runs everywhere: files and pipes come from outside.
 *
 * @module
 */

import { checkNames } from "../../src/check-options.ts";
import type { DirectoryArchiver } from "../../src/directory-archiver.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import { validateNamespace } from "../../src/identifiers.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";
import type { StdioDriver } from "../../src/stdio.ts";
import type { OpenRpc } from "../rpc/mod.ts";

/** Options of {@linkcode containerd}. */
export interface ContainerdOptions {
  /** Connects to the daemon, for instance `grpc({ address })`. */
  readonly rpc: OpenRpc;
  /** Makes the streams of processes; without it only `"null"` and `{ uri }` are possible. */
  readonly stdio?: StdioDriver | undefined;
  /** Packs and unpacks checkpoint folders; without it there are no checkpoints. */
  readonly archiver?: DirectoryArchiver | undefined;
  /** The containerd namespace that everything lives in. Default: `default`. */
  readonly namespace?: string | undefined;
  /**
   * How long output may stay open after its process has ended, in milliseconds, before it is cut
   * and the exit says `truncated`. Default: 2000.
   */
  readonly drainBudgetMs?: number | undefined;
  /**
   * How long a removal waits for answers of a shim, in milliseconds: a forced one with all its steps
   * together, half of it for the end of a process after SIGKILL. Then it is `deadline_exceeded`, with
   * what is stuck. Default: 40000, longer than shims wait for pipes.
   */
  readonly removalBudgetMs?: number | undefined;
  /** Id of the plugin in messages. Default: `containerd`. */
  readonly id?: string | undefined;
}

const NAMES = [
  "rpc",
  "stdio",
  "archiver",
  "namespace",
  "drainBudgetMs",
  "removalBudgetMs",
  "id",
] satisfies readonly (keyof ContainerdOptions)[];

/**
 * Declares a containerd daemon as a runtime: 1.6, 1.7 or 2.x.
 *
 * @example
 * ```ts
 * const runtime = containerd({ rpc: grpc({ address: "/run/containerd/containerd.sock" }), stdio: fifo() });
 * const client = new Client(new Registry({}, { fallback: runtime }));
 * ```
 *
 * @throws {ContainerError} `invalid_argument` for a bad or unknown option.
 */
export function containerd(options: ContainerdOptions): RuntimePlugin {
  checkNames(options, ...NAMES);
  const { namespace = "default", id = "containerd" } = options;
  const { drainBudgetMs = 2000, removalBudgetMs = 40_000 } = options;
  validateNamespace(namespace);
  for (const [name, budgetMs] of Object.entries({ drainBudgetMs, removalBudgetMs })) {
    if (typeof budgetMs === "number" && budgetMs >= 0) continue;
    throw invalidArgument(name, `Cannot use ${name} "${shown(budgetMs)}": not a number from 0`);
  }
  return {
    id,
    async open(callOptions) {
      const [rpc, { ContainerdRuntime }] = await Promise.all([
        options.rpc(callOptions),
        import("./runtime.ts"),
      ]);
      const budgets = { drainBudgetMs, removalBudgetMs };
      return new ContainerdRuntime(rpc, { ...options, ...budgets, namespace, id });
    },
  };
}

export type { DirectoryArchiver, OpenRpc };
export { asContainerd } from "./as-containerd.ts";
export type { ContainerdApi, ContainerdPluginInfo, NamespaceInfo } from "./as-containerd.ts";
