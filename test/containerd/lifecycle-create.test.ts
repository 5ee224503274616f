import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { containerdDir } from "../helpers/cache.ts";
import { type WrappedRunc, wrapRunc } from "../helpers/wrapped-runc.ts";
import { Bed, commandSpec, connectTo, SHIM } from "./bed.ts";
import { eventually } from "../helpers/eventually.ts";
import { removeNamespaceFolders } from "./namespace-folders.ts";

describe("create on containerd", () => {
  let bed: Bed;
  let runc: WrappedRunc;
  let binDir: string;

  before(async () => {
    runc = wrapRunc();
    // On the daemon's PATH: the shim under a name that no package has.
    binDir = mkdtempSync("/tmp/lcshim-");
    symlinkSync(`${containerdDir()}/containerd-shim-runc-v2`, `${binDir}/containerd-shim-other-v1`);
    bed = await Bed.start({ runcDir: binDir });
  });
  after(async () => {
    await bed?.stop();
    runc?.remove();
    rmSync(binDir, { recursive: true, force: true });
  });

  it("C01 newTask() of a missing program fails before anything is started", async () => {
    await bed.withContainer(commandSpec(["no-such-program"]), async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const error = await rejectsWith(container.newTask(), "invalid_argument", { containerId: id });
      assert.equal(error.exitCode, 127);
      await rejectsWith(container.task(), "not_found");
    });
    await bed.withContainer(commandSpec(["/etc"]), async (id) => {
      const error = await rejectsWith(bed.client.start(id), "invalid_argument");
      assert.equal(error.exitCode, 126);
    });
  });

  it("C02 newTask() that fails gives no exit event", async () => {
    await bed.withEvents(async (events) => {
      await bed.withContainer(commandSpec(["no-such-program"]), async (id) => {
        await rejectsWith(bed.client.start(id), "invalid_argument");
        // An exit would follow from the end of the shim; what comes after it is a barrier.
        await eventually("the end of the shim", () => bed.daemon.shimPids(id).length === 0);
        await bed.withRunning("exit 0", async (barrier) => {
          await events.untilType(barrier, "exit", "init");
          assert.deepEqual(events.types(id).filter((type) => type.startsWith("exit")), []);
          assert.ok(!events.types(id).includes("start"));
        });
      });
    });
  });

  it("C03 start() works with a namespace of 76 and an id of 64 characters", async () => {
    const namespace = bed.daemon.namespace.padEnd(75, "-n").slice(0, 75) + "x";
    const id = "i".repeat(64);
    assert.equal(namespace.length, 76);
    const client = connectTo(bed.daemon, { namespace });
    try {
      assertExited(await client.run(id, commandSpec("exit 3"), SHIM), 3);
    } finally {
      await client[Symbol.asyncDispose]();
      removeNamespaceFolders(namespace);
    }
  });

  it("C04 create() hands runtimeOptions to the shim, and none where none are given", async () => {
    const containers = await bed.service(Containers);
    const optionsOf = async (id: string) => {
      const { container } = await containers.get({ id }, { headers: bed.headers });
      return container?.runtime?.options;
    };
    const plain = bed.newId();
    assertExited(await bed.client.run(plain, commandSpec("exit 0"), SHIM), 0);
    assert.deepEqual(runc.calls(), []);
    const id = bed.newId();
    await bed.client.create(id, commandSpec("exit 4"), SHIM, {
      runtimeOptions: { binaryName: `${runc.dir}/runc`, ioUid: 7 },
    });
    try {
      assert.equal((await optionsOf(id))?.typeUrl, "containerd.runc.v1.Options");
      await bed.client.start(id);
      assertExited(await bed.client.wait(id), 4);
      assert.ok(
        runc.calls().some((call) => call.endsWith(` start ${id}`)),
        runc.calls().join("\n"),
      );
    } finally {
      await bed.remove(id);
    }
    await bed.withContainer(commandSpec("exit 0"), async (bare) => {
      assert.equal(await optionsOf(bare), undefined);
    });
  });

  it("C04 create() takes any shim on the daemon's PATH by its name", async () => {
    const id = bed.newId();
    const shim = "io.containerd.other.v1";
    await bed.client.create(id, commandSpec("exit 5"), shim);
    try {
      const task = await bed.client.start(id);
      assertExited(await task.wait(), 5);
    } finally {
      await bed.remove(id);
    }
    const none = bed.newId();
    await bed.client.create(none, commandSpec("exit 5"), "io.containerd.absent.v1");
    try {
      await assert.rejects(bed.client.start(none), /containerd-shim-absent-v1/);
    } finally {
      await bed.remove(none);
    }
  });
});
