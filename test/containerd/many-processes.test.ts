import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, textOf } from "../../plugins/testing/assertions.ts";
import { containerdVersion } from "../helpers/cache.ts";
import { scale } from "../helpers/scale.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";

/** From 60 on a shim of containerd 1.6 that is asked to start all at once stops for minutes. */
const execCount = scale(containerdVersion === "1.6" ? 120 : 60, 200);
const containerCount = scale(30, 200);
const stdio = { stdout: "piped" } as const;

describe("many at once on containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  for (const [kind, options] of Object.entries({ piped: { stdio }, "no": {} })) {
    it(`exec() runs many processes of a container at once, with ${kind} output`, async () => {
      await bed.withRunning(["sleep", "3600"], async (id) => {
        // The shim that is stopped answers each start after seconds.
        const signal = AbortSignal.timeout(60_000);
        const outputs = await Promise.all(Array.from({ length: execCount }, async (_, index) => {
          const process = commandProcess(`echo ${index} || true`);
          const exec = await bed.client.exec(id, `x${index}`, process, { ...options, signal });
          const output = exec.stdio.stdout ? await textOf(exec.stdio.stdout) : `${index}\n`;
          assertExited(await exec.wait({ signal }), 0);
          return output;
        }));
        assert.deepEqual(outputs, outputs.map((_, index) => `${index}\n`));
        assert.equal((await bed.client.status(id, { signal })).state, "running");
      });
    });
  }

  it("start() runs many containers at once, with piped output", async () => {
    const outputs = await Promise.all(Array.from({ length: containerCount }, async (_, index) => {
      const id = bed.newId();
      await bed.client.create(id, commandSpec(["echo", `${index}`]), SHIM);
      try {
        const task = await bed.client.start(id, { stdio });
        const output = await textOf(task.stdio.stdout);
        assertExited(await task.wait(), 0);
        return output;
      } finally {
        await bed.client.delete(id, { force: true });
      }
    }));
    assert.deepEqual(outputs, outputs.map((_, index) => `${index}\n`));
  });
});
