import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { Client } from "../../src/client.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { eventually } from "../helpers/eventually.ts";
import { type RuncCommand, type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { ChildScript } from "./support/child-script.ts";
import { leftovers, NOTHING } from "./support/leftovers.ts";
import { fifoDir, openClient, RUNC } from "./support/open-client.ts";
import { sleeper } from "./support/specs.ts";

const script = new URL("./support/killed-child.ts", import.meta.url);

/** A shim waits 30 s for the other end of a pipe. What takes this long has waited for that. */
const SHIM_WAITS_MS = 25_000;

interface KilledAt {
  /** When it is killed. */
  readonly when: string;
  /** How far it comes by itself. */
  readonly mode: "created" | "started" | "exec";
  /** The command of runc that it is killed in. */
  readonly command?: RuncCommand;
  /** Whether runc then has not done its work, or has and not told it. */
  readonly position?: "before" | "after";
}

const cases: readonly KilledAt[] = [
  { when: "with a task that was never started", mode: "created" },
  { when: "with a process that runs", mode: "started" },
  { when: "with a further process that runs", mode: "exec" },
  { when: "before its task is made", mode: "started", command: "create", position: "before" },
  {
    when: "while its shim goes for the pipes",
    mode: "started",
    command: "create",
    position: "after",
  },
  { when: "before its process is started", mode: "started", command: "start", position: "before" },
  { when: "when its process was started", mode: "started", command: "start", position: "after" },
  {
    when: "before its further process is started",
    mode: "exec",
    command: "exec",
    position: "before",
  },
  {
    when: "while its shim goes for the pipes of a further process",
    mode: "exec",
    command: "exec",
    position: "after",
  },
];

describe("a client that is killed", () => {
  let daemon: Daemon;
  let runc: WrappedRunc;
  let count = 0;

  before(async () => {
    runc = wrapRunc();
    daemon = await startDaemon({ runcDir: runc.dir });
  });
  after(async () => {
    runc?.remove();
    await daemon?.stop();
  });

  /** Has a client killed, and gives what lets runc go on, if it is held. */
  async function killClient(
    id: string,
    { mode, command, position }: KilledAt,
  ): Promise<() => void> {
    const gate = command && runc.hold(command, position ?? "before", { containerId: id });
    const child = new ChildScript(script, [
      mode,
      daemon.address,
      daemon.namespace,
      id,
      fifoDir(daemon),
    ]);
    try {
      await (gate === undefined ? child.line("ready") : gate.arrived());
    } finally {
      child.kill();
      await child.ended;
    }
    return () => gate?.release();
  }

  /** Does something as another client, and checks that it leaves nothing. */
  async function andThen(id: string, use: (client: Client) => Promise<void>): Promise<void> {
    const client = openClient(daemon);
    try {
      await use(client);
    } finally {
      await client[Symbol.asyncDispose]();
    }
    const left = await leftovers(daemon);
    // Not what another test has left, which has failed then.
    const own = (ids: readonly string[]) => ids.filter((each) => each === id);
    const { containers, tasks, bundles } = left;
    assert.deepEqual(
      { ...left, containers: own(containers), tasks: own(tasks), bundles: own(bundles) },
      NOTHING,
    );
    assert.equal(existsSync(fifoDir(daemon)) ? readdirSync(fifoDir(daemon)).join() : "", "");
    await eventually("the end of the shims", () => daemon.shimPids(id).length === 0);
  }

  before(() => {
    // Made before: a driver removes the one that it made.
    mkdirSync(fifoDir(daemon), { mode: 0o711 });
  });

  for (const killed of cases) {
    it(`create() with replace takes its place: ${killed.when}`, async () => {
      const id = `replaced-${++count}`;
      const goOn = await killClient(id, killed);
      goOn();
      await andThen(id, async (client) => {
        const signal = AbortSignal.timeout(SHIM_WAITS_MS);
        await client.create(id, sleeper(), RUNC, { replace: true, signal });
        await client.start(id, { signal });
        assert.equal((await client.status(id)).state, "running");
        await client.delete(id, { force: true, signal });
      });
    });

    it(`delete() with force removes all that is left: ${killed.when}`, async () => {
      const id = `deleted-${++count}`;
      const goOn = await killClient(id, killed);
      goOn();
      await andThen(id, async (client) => {
        await client.delete(id, { force: true, signal: AbortSignal.timeout(SHIM_WAITS_MS) });
        // containerd may still have its bundle: it clears away a Create that was broken off later.
        await eventually(
          "the end of what containerd clears away",
          async () => !(await leftovers(daemon)).bundles.includes(id),
        );
      });
    });
  }

  it("delete() with force says what is stuck, and works when it no longer is", async () => {
    const id = "stuck";
    const goOn = await killClient(id, { when: "", mode: "started" });
    goOn();
    const gate = runc.hold("kill", "before", { containerId: id });
    await andThen(id, async (client) => {
      try {
        const impatient = openClient(daemon, { removalBudgetMs: 500 });
        try {
          await assert.rejects(impatient.delete(id, { force: true }), {
            code: "deadline_exceeded",
            containerId: id,
            processId: "init",
            message:
              'Cannot delete process "init" of container "stuck": no answer within 500 ms to SIGKILL',
          });
        } finally {
          await impatient[Symbol.asyncDispose]();
        }
      } finally {
        gate.release();
      }
      await client.delete(id, { force: true });
    });
  });
});
