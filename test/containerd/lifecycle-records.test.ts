import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { asContainerd } from "../../plugins/containerd/mod.ts";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Leases } from "../../proto/gen/containerd/services/leases/v1/leases_pb.ts";
import { Snapshots } from "../../proto/gen/containerd/services/snapshots/v1/snapshots_pb.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { Bed, commandProcess, commandSpec, SHIM } from "./bed.ts";
import { removeNamespaceFolders } from "./namespace-folders.ts";

const DEFAULT_RUNTIME = "containerd.io/defaults/runtime";

describe("records of containerd", () => {
  let bed: Bed;

  before(async () => {
    bed = await Bed.start();
  });
  after(() => bed?.stop());

  it("C40 a label of the namespace names the shim that is used by default", async () => {
    const { namespaces } = asContainerd(await bed.client.runtime());
    const name = `${bed.daemon.namespace}-labels`;
    await namespaces.create(name, { [DEFAULT_RUNTIME]: SHIM });
    const labelsOf = async () => {
      return (await namespaces.list()).find((each) => each.name === name)?.labels;
    };
    await bed.withClient(async (client) => {
      const shim = (await labelsOf())?.[DEFAULT_RUNTIME];
      assert.ok(shim);
      assertExited(await client.run("labelled", commandSpec("exit 8"), shim), 8);
      await rejectsWith(namespaces.create(name), "already_exists");
      await client.create("kept", commandSpec("exit 0"), shim);
      await rejectsWith(namespaces.delete(name), "failed_precondition");
      await client.delete("kept");
    }, { namespace: name });
    await namespaces.setLabels(name, { [DEFAULT_RUNTIME]: "", tier: "test" });
    assert.deepEqual(await labelsOf(), { tier: "test" });
    await namespaces.delete(name);
    await rejectsWith(namespaces.delete(name), "not_found");
    removeNamespaceFolders(name);
  });

  it("C40 a leased snapshot outlives a collection and goes with its lease", async () => {
    const { headers } = bed;
    const leases = await bed.service(Leases);
    const snapshots = await bed.service(Snapshots);
    const snapshotter = "native";
    const collect = async () => {
      await leases.create({ id: "trigger", labels: {} }, { headers });
      await leases.delete({ id: "trigger", sync: true }, { headers });
    };
    await leases.create({ id: "keeper", labels: {} }, { headers });
    const leased = { headers: { ...headers, "containerd-lease": "keeper" } };
    await snapshots.prepare({ snapshotter, key: "leased", parent: "" }, leased);
    await snapshots.prepare({ snapshotter, key: "loose", parent: "" }, { headers });
    await collect();
    await assert.rejects(snapshots.stat({ snapshotter, key: "loose" }, { headers }), /not found/);
    const { info } = await snapshots.stat({ snapshotter, key: "leased" }, { headers });
    assert.equal(info?.name, "leased");
    await leases.delete({ id: "keeper", sync: true }, { headers });
    await assert.rejects(snapshots.stat({ snapshotter, key: "leased" }, { headers }), /not found/);
  });

  it("C40 create() with a snapshot runs on it, and keeps it from collection", async () => {
    const { headers } = bed;
    const leases = await bed.service(Leases);
    const snapshots = await bed.service(Snapshots);
    const snapshot = { snapshotter: "native", key: "root-of-c40" };
    await leases.create({ id: "building", labels: {} }, { headers });
    const leased = { headers: { ...headers, "containerd-lease": "building" } };
    const { mounts } = await snapshots.prepare({ ...snapshot, parent: "" }, leased);
    assert.equal(mounts.length, 1);
    const id = bed.newId();
    // The native snapshotter's folder is empty: only its mount is seen here, not a program in it.
    const container = await bed.client.create(id, commandSpec(["no-such-program"]), SHIM, {
      snapshot,
    });
    try {
      assert.deepEqual((await container.info()).snapshot, snapshot);
      await leases.delete({ id: "building", sync: true }, { headers });
      const { info } = await snapshots.stat(snapshot, { headers });
      assert.equal(info?.name, snapshot.key);
    } finally {
      await bed.remove(id);
    }
    await leases.create({ id: "trigger", labels: {} }, { headers });
    await leases.delete({ id: "trigger", sync: true }, { headers });
    await assert.rejects(snapshots.stat(snapshot, { headers }), /not found/);
  });

  it("C40 an exec that was never added is not_found", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const task = await (await (await bed.client.runtime()).loadContainer(id)).task();
      await rejectsWith(task.loadProcess("nobody"), "not_found", { processId: "nobody" });
      const exec = await bed.client.exec(id, "somebody", commandProcess("exit 0"));
      await exec.wait();
      await rejectsWith(bed.client.wait(id, "nobody"), "not_found", { processId: "nobody" });
    });
  });

  it("C40 stats() after the delete of the task fails", async () => {
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const task = await (await (await bed.client.runtime()).loadContainer(id)).task();
      assert.ok(task.stats);
      assert.notEqual((await task.stats()).kind, "windows");
      await bed.client.deleteTask(id, { force: true });
      await rejectsWith(task.stats(), "not_found", { containerId: id });
      await rejectsWith(bed.client.stats(id), "failed_precondition", { containerId: id });
    });
  });

  it("C40 extensions, labels and spec come back byte for byte", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, index) => index);
    const labels = { "example.com/ü": '€ 𝄞 "quoted"\n', plain: "1" };
    const extensions = { "example.com/all": { typeUrl: "example.com/Bytes", value } };
    const spec = { ...commandSpec("exit 0"), annotations: { "a/ü": "𝄞\u2028" } };
    const id = bed.newId();
    const container = await bed.client.create(id, spec, SHIM, { labels, extensions });
    try {
      const info = await container.info();
      assert.deepEqual({ ...info.labels }, labels);
      assert.deepEqual(info.spec.annotations, spec.annotations);
      assert.deepEqual(info.spec.process, JSON.parse(JSON.stringify(spec.process)));
      const found = info.extensions["example.com/all"];
      assert.equal(found?.typeUrl, "example.com/Bytes");
      assert.deepEqual(found && [...found.value], [...value]);
      const { container: record } = await (await bed.service(Containers)).get({ id }, {
        headers: bed.headers,
      });
      const { typeUrl, value: bytes } = record?.spec ?? {};
      assert.equal(typeUrl, "types.containerd.io/opencontainers/runtime-spec/1/Spec");
      assert.equal(
        new TextDecoder().decode(bytes),
        JSON.stringify({
          ...spec,
          linux: { ...spec.linux, cgroupsPath: `/${bed.daemon.namespace}/${id}` },
        }),
      );
      assert.ok(container.update);
      const changed = { typeUrl: "example.com/Other", value: value.slice().reverse() };
      const updated = await container.update({ extensions: { "example.com/more": changed } });
      const names = Object.keys(updated.extensions).sort();
      assert.deepEqual(names, ["example.com/all", "example.com/more"]);
      assert.deepEqual([...updated.extensions["example.com/more"]?.value ?? []], [
        ...changed.value,
      ]);
      assert.deepEqual({ ...updated.labels }, labels);
      assert.ok(updated.updatedAt > info.updatedAt);
    } finally {
      await bed.remove(id);
    }
  });
});
