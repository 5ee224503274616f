import assert from "node:assert/strict";
import { MemoryHost } from "../../plugins/memory/mod.ts";
import { flightRecorder, parseRecording, replay } from "../../plugins/recorder/mod.ts";
import { runtimeContract } from "../../plugins/testing/mod.ts";
import {
  clientOf,
  nodeFiles,
  programProcess,
  programSpec,
  SHIM,
  testPrograms,
} from "../memory/bed.ts";

let host = new MemoryHost();
let recorder = flightRecorder();

runtimeContract({
  name: "memory, recorded",
  shim: SHIM,
  before: () => {
    host = new MemoryHost({ programs: testPrograms, files: nodeFiles });
    recorder = flightRecorder({ limit: 100_000 });
    return Promise.resolve();
  },
  after: async () => {
    const { containers, connections, streams, calls, programs } = host.residue();
    await host[Symbol.asyncDispose]();
    assert.deepEqual({ containers, connections, streams, calls, programs }, {
      containers: 0,
      connections: 0,
      streams: 0,
      calls: 0,
      programs: 0,
    });
    const methods = recorder.entries().flatMap((entry) =>
      entry.kind === "call" ? [entry.method] : []
    );
    assert.ok(new Set(methods).size > 20, `${[...new Set(methods)]}`);
    // All that the suite does is replayed, and nothing of it differs.
    const replayed = await replay(parseRecording(JSON.stringify(recorder)));
    assert.equal(replayed.calls.length, methods.length);
    assert.deepEqual(replayed.differences, []);
  },
  open: (options) => Promise.resolve(clientOf(host, { ...options, recorder })),
  spec: programSpec,
  process: programProcess,
  capabilities: {
    checkpoint: true,
    inOtherProcess: false,
    updateResources: {
      resources: { pids: { limit: 7 } },
      assertUpdated: (stats) => {
        assert.ok(stats.kind === "cgroup2");
        assert.equal(stats.pids?.limit, 7n);
      },
    },
    listPids: true,
    stats: true,
    pause: true,
    terminal: true,
  },
});
