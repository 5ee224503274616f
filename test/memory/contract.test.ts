import assert from "node:assert/strict";
import { MemoryHost } from "../../plugins/memory/mod.ts";
import { runtimeContract, type RuntimeContractOptions } from "../../plugins/testing/mod.ts";
import type { Stats } from "../../src/stats.ts";
import { clientOf, nodeFiles, programProcess, programSpec, SHIM, testPrograms } from "./bed.ts";

const updateResources = {
  resources: { memory: { limit: 4_194_304 }, pids: { limit: 7 } },
  assertUpdated: (stats: Stats): void => {
    assert.ok(stats.kind === "cgroup2");
    assert.equal(stats.memory?.limitBytes, 4_194_304n);
    assert.equal(stats.pids?.limit, 7n);
  },
};
let host = new MemoryHost();

/** The suite, on a host that is empty at its end. */
function contractOf(
  name: string,
  makeHost: () => MemoryHost,
  capabilities: Partial<RuntimeContractOptions["capabilities"]> = {},
): void {
  runtimeContract({
    name,
    shim: SHIM,
    before: () => {
      host = makeHost();
      return Promise.resolve();
    },
    after: async () => {
      const { containers, connections, streams, timers, ...rest } = host.residue();
      await host[Symbol.asyncDispose]();
      assert.deepEqual({ containers, connections, streams, timers }, {
        containers: 0,
        connections: 0,
        streams: 0,
        timers: 0,
      });
      assert.deepEqual(Object.entries(rest).filter(([, count]) => count !== 0), []);
    },
    open: (options) => Promise.resolve(clientOf(host, options)),
    spec: programSpec,
    process: programProcess,
    capabilities: {
      checkpoint: true,
      inOtherProcess: false,
      updateResources,
      listPids: true,
      stats: true,
      pause: true,
      terminal: true,
      ...capabilities,
    },
  });
}

contractOf("memory", () => new MemoryHost({ programs: testPrograms, files: nodeFiles }));
contractOf("memory without files", () => new MemoryHost({ programs: testPrograms }), {
  files: false,
  checkpoint: "its checkpoints are in no folder",
});
