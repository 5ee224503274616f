import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retryCreate } from "../../plugins/containerd/retry-create.ts";
import { ContainerError } from "../../src/errors.ts";

const failure = (text: string) =>
  new ContainerError("unknown", `Cannot create task of container "web": ${text}`);

describe("retryCreate()", () => {
  for (
    const text of [
      "mkdir /run/containerd/io.containerd.runtime.v2.task/default/web: file exists",
      "failed to start shim: mkdir /run/containerd/io.containerd.runtime.v2.task/default/web: file exists",
      "symlink /root/io.containerd.runtime.v2.task/default/web /state/io.containerd.runtime.v2.task/default/web/work: no such file or directory",
      "open /run/containerd/io.containerd.runtime.v2.task/default/web/config.json: no such file or directory",
      "failed to start shim: start failed: io.containerd.runc.v2: getwd: no such file or directory",
      "failed to start shim: mkdir /run/containerd/io.containerd.runtime.v2.task/default/web: file exists: unknown",
      "failed to start shim: start failed: io.containerd.runc.v2: getwd: no such file or directory\n: exit status 1: unknown",
      "failed to start shim: start failed: : fork/exec /usr/bin/containerd-shim-runc-v2: no such file or directory",
    ]
  ) {
    it(`retryCreate() makes a task again after "${text}"`, async () => {
      let count = 0;
      const made = await retryCreate(() => {
        count++;
        return count === 1 ? Promise.reject(failure(text)) : Promise.resolve("made");
      }, {});
      assert.deepEqual([made, count], ["made", 2]);
    });
  }

  for (
    const text of [
      'task "web": already exists',
      "open /lost: no such file or directory",
      'runc create failed: error mounting "/srv/x.task/a" to rootfs at "/a": open /srv/x.task/a: no such file or directory: possibly malicious path detected',
      'runc create failed: error mounting "/srv": mkdir /srv/x.task/a: permission denied, mountpoint /a: file exists',
      "runc create failed: getwd: no such file or directory: check the process args",
      "runc create failed: open /run/io.containerd.runtime.v2.task/default/web/rootfs/lost: no such file or directory",
    ]
  ) {
    it(`retryCreate() does not make a task again after "${text}"`, async () => {
      let count = 0;
      const error = failure(text);
      const outcome = await retryCreate(() => {
        count++;
        return Promise.reject(error);
      }, {}).catch((caught: unknown) => caught);
      assert.equal(outcome, error);
      assert.equal(count, 1);
    });
  }

  it("retryCreate() makes a task again while one is said to be there that is not found", async () => {
    const there = new ContainerError("already_exists", 'Cannot create task of container "web": x');
    let count = 0;
    const made = await retryCreate(() => {
      count++;
      return count < 3 ? Promise.reject(there) : Promise.resolve("made");
    }, { hasTask: () => Promise.resolve(false) });
    assert.deepEqual([made, count], ["made", 3]);
  });

  it("retryCreate() does not make a task again while there is one", async () => {
    const there = new ContainerError("already_exists", 'Cannot create task of container "web": x');
    let count = 0;
    const outcome = await retryCreate(() => {
      count++;
      return Promise.reject(there);
    }, { hasTask: () => Promise.resolve(true) }).catch((caught: unknown) => caught);
    assert.equal(outcome, there);
    assert.equal(count, 1);
  });

  it("retryCreate() does not go on after an abort", async () => {
    const controller = new AbortController();
    let count = 0;
    const error = failure("mkdir /run/io.containerd.runtime.v2.task/default/web: file exists");
    const outcome = await retryCreate(() => {
      count++;
      controller.abort();
      return Promise.reject(error);
    }, { signal: controller.signal }).catch((caught: unknown) => caught);
    assert.equal(outcome, error);
    assert.equal(count, 1);
  });

  it("retryCreate() does not make a task after an abort while it waits", async () => {
    const controller = new AbortController();
    let count = 0;
    const error = failure("mkdir /run/io.containerd.runtime.v2.task/default/web: file exists");
    const outcome = await retryCreate(() => {
      count++;
      // After this call has rejected and the wait for the next one has begun.
      setTimeout(() => controller.abort());
      return Promise.reject(error);
    }, { signal: controller.signal }).catch((caught: unknown) => caught);
    assert.equal(outcome, error);
    assert.equal(count, 1);
  });
});
