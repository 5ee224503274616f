// The suite on plugins that are wrong in one way each, so that its tests fail. What is left of each
// afterwards is written to the file that is given by the environment.
import { appendFileSync } from "node:fs";
import process from "node:process";
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";
import { defective } from "./defective.ts";
import { defects, type KnownDefect } from "./defects.ts";
import { hostContract, type HostContractOptions } from "./host-contract.ts";

const leftovers = process.env["LIBCONTAINERD_TEST_LEFTOVERS"] ?? "/dev/stderr";
const right: KnownDefect = { name: "is right", fails: [] };

for (const { name, testBudgetMs, fails: _, ...defect } of [right, ...defects]) {
  const real = hostRuntime();
  declare(name, real, { plugin: defective(real, defect), testBudgetMs });
}

declare("cannot be opened", hostRuntime(), {
  open: () => Promise.reject(new Error("out of order")),
});

function declare(name: string, real: RuntimePlugin, options: HostContractOptions): void {
  hostContract({
    ...options,
    name: `a plugin that ${name}`,
    after: async () => {
      appendFileSync(leftovers, [name, ...await runningIn(real)].join(", ") + "\n");
    },
  });
}

/** The containers that have a process. */
async function runningIn(plugin: RuntimePlugin): Promise<readonly string[]> {
  const runtime = await plugin.open();
  const running: string[] = [];
  for await (const { id } of runtime.listContainers?.() ?? []) {
    const task = await (await runtime.loadContainer(id)).task().catch(() => undefined);
    if (task && (await task.status()).state !== "stopped") running.push(id);
  }
  await runtime[Symbol.asyncDispose]();
  return running;
}
