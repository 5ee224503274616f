import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { assertExited, textOf, writeAll } from "../../plugins/testing/assertions.ts";
import { EventLog } from "../../plugins/testing/event-log.ts";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { scale } from "../helpers/scale.ts";
import { ChildScript } from "./support/child-script.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { fifoDir, openClient } from "./support/open-client.ts";

const script = new URL("./support/restore-child.ts", import.meta.url);
const stdio = { stdin: "piped", stdout: "piped" } as const;

describe("restore() after its client was killed", () => {
  let daemon: Daemon;

  before(async () => {
    daemon = await startDaemon();
  });
  after(async () => {
    await daemon?.stop();
  });

  it("restore() brings back every container with its streams and processes, each end once", async () => {
    const ids = Array.from({ length: scale(8, 50) }, (_, index) => `left-${index}`);
    const child = new ChildScript(script, [
      daemon.address,
      daemon.namespace,
      fifoDir(daemon),
      ...ids,
    ]);
    try {
      await child.line("ready");
    } finally {
      child.kill();
      await child.ended;
    }
    // Some end while nobody looks.
    const isUnseen = (id: string) => ids.indexOf(id) % 4 === 0;
    for (const id of ids.filter(isUnseen)) await daemon.ctr("task", "kill", "-s", "SIGKILL", id);

    const client = openClient(daemon);
    try {
      const events = await EventLog.open(client.events());
      await Promise.all(ids.map(async (id, index) => {
        if (isUnseen(id)) {
          const { alive, process } = await client.restore(id);
          assert.equal(alive, false);
          assertExited(await client.wait(id), 137);
          assert.equal(process?.id, INIT_PROCESS);
          return;
        }
        for (const processId of ["more", INIT_PROCESS]) {
          const { alive, pid, process } = await client.restore(id, { processId, stdio });
          assert.equal(alive, true, `${processId} of ${id}`);
          assert.ok(process && pid === process.pid && pid > 0);
          const code = (index % 50) + (processId === "more" ? 50 : 1);
          await writeAll(process.stdio.stdin, `hello\nbye ${code}\n`);
          assert.equal(await textOf(process.stdio.stdout), "hello\nbye\n");
          assertExited(await process.wait(), code);
          await events.untilType(id, "exit", processId);
        }
      }));
      await Promise.all(ids.map((id) => client.delete(id, { force: true })));
      const exits = (id: string) =>
        events.types(id).filter((each) => each.startsWith("exit")).sort();
      for (const id of ids) {
        assert.deepEqual(exits(id), isUnseen(id) ? [] : ["exit init", "exit more"]);
      }
      await events[Symbol.asyncDispose]();
    } finally {
      await client[Symbol.asyncDispose]();
    }
    assert.deepEqual(await leftovers(daemon), NOTHING);
  });
});
