import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Bench } from "../../plugins/testing/bench.ts";
import type { RuntimeContractOptions } from "../../plugins/testing/mod.ts";
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import { Client, Registry } from "../../src/mod.ts";
import { linuxProgramProcess, linuxProgramSpec } from "../../plugins/testing/mod.ts";

const never = () => new Promise<never>(() => {});

function benchOf(different: Partial<RuntimeContractOptions>): Bench {
  const shim = "org.example.host.v1";
  return new Bench({
    name: "host processes",
    shim,
    testBudgetMs: 20,
    open: (options) =>
      Promise.resolve(new Client(new Registry({ [shim]: hostRuntime() }), options)),
    spec: (program, options) => linuxProgramSpec(program, { ...options, rootfs: "/" }),
    process: linuxProgramProcess,
    capabilities: {
      terminal: false,
      pause: true,
      stats: false,
      listPids: true,
      updateResources: false,
      checkpoint: false,
      inOtherProcess: false,
    },
    ...different,
  });
}

describe("Bench", () => {
  it("open() says what never comes up", async () => {
    const expected = (name: string) => ({ message: `Not done within 100 ms: waits for ${name}` });
    await assert.rejects(benchOf({ before: never }).open(), expected("before()"));
    await assert.rejects(benchOf({ open: never }).open(), expected("open()"));
  });

  it("close() says what is never taken down, and goes on to what comes after", async () => {
    let isAfter = false;
    const hanging = benchOf({
      open: (options) => {
        const client = new Client(new Registry({}), options);
        return Promise.resolve(Object.assign(client, { [Symbol.asyncDispose]: never }));
      },
      after: () => {
        isAfter = true;
        return Promise.resolve();
      },
    });
    await hanging.open();
    await assert.rejects(hanging.close(), {
      message: "Not done within 100 ms: waits for the disposal of the client",
    });
    assert.equal(isAfter, true);
    const late = benchOf({ after: never });
    await late.open();
    await assert.rejects(late.close(), { message: "Not done within 100 ms: waits for after()" });
  });

  it("newId() gives ids that no other suite on the host has", () => {
    const ids = [benchOf({}), benchOf({})].flatMap((bench) => [bench.newId(), bench.newId()]);
    assert.equal(new Set(ids).size, 4);
    for (const id of ids) assert.match(id, /^contract-[0-9a-f]{8}-\d+$/);
  });
});
