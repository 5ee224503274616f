// The suite on plugins that are wrong in one way each, so that its tests fail. What is left of each
// afterwards is written to the file that is given by the environment.
import { appendFileSync } from "node:fs";
import process from "node:process";
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import {
  linuxProgramProcess,
  linuxProgramSpec,
  runtimeContract,
} from "../../plugins/testing/mod.ts";
import { Client, Registry } from "../../src/mod.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";
import { defective } from "./defective.ts";
import { defects, type KnownDefect } from "./defects.ts";

const shim = "org.example.host.v1";
const leftovers = process.env["LIBCONTAINERD_TEST_LEFTOVERS"] ?? "/dev/stderr";
const right: KnownDefect = { name: "is right", fails: [] };

for (const { name, testBudgetMs, fails: _, ...defect } of [right, ...defects]) {
  const real = hostRuntime();
  const plugin = defective(real, defect);
  declare(name, {
    open: (options) => Promise.resolve(new Client(new Registry({ [shim]: plugin }), options)),
    real,
    testBudgetMs,
  });
}

declare("cannot be opened", {
  open: () => Promise.reject(new Error("out of order")),
  real: hostRuntime(),
  testBudgetMs: undefined,
});

function declare(
  name: string,
  { open, real, testBudgetMs }: {
    readonly open: Parameters<typeof runtimeContract>[0]["open"];
    readonly real: RuntimePlugin;
    readonly testBudgetMs: number | undefined;
  },
): void {
  runtimeContract({
    name: `a plugin that ${name}`,
    shim,
    open,
    after: async () => {
      appendFileSync(leftovers, [name, ...await runningIn(real)].join(", ") + "\n");
    },
    spec: (program, options) => linuxProgramSpec(program, { ...options, rootfs: "/" }),
    process: linuxProgramProcess,
    testBudgetMs,
    capabilities: {
      terminal: false,
      pause: true,
      stats: false,
      listPids: true,
      updateResources: false,
      checkpoint: false,
      inOtherProcess: "no other process is needed to find these defects",
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
