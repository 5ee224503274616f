import { describe, it } from "node:test";
import { badIds } from "./support/bad-ids.ts";
import { badProcessParts, badResourceParts, badSpecParts, withPart } from "./support/bad-specs.ts";
import { useBox } from "./support/box.ts";
import { RUNC } from "./support/open-client.ts";
import { refusedBy } from "./support/refused.ts";
import { show } from "./support/show.ts";
import { sleeper } from "./support/specs.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

const box = useBox();
const refused = refusedBy(box);

describe("create() with bad input", () => {
  for (const id of badIds) {
    refused(
      `create() refuses id ${show(id)}`,
      "containerId",
      () => box.client.create(id as never, sleeper(), RUNC),
    );
  }

  for (const spec of [undefined, null, 42, "sh", [], new Date(), new Map()]) {
    refused(
      `create() refuses ${Object.prototype.toString.call(spec)} as a spec`,
      "spec",
      () => box.client.create("a", spec as never, RUNC),
    );
  }
  for (const [path, value, field = path] of badSpecParts) {
    refused(
      `create() refuses ${path} ${show(value)}`,
      `spec.${field}`,
      () => box.client.create("a", withPart(sleeper(), path, value) as never, RUNC),
    );
  }
  for (const [path, value, field = path] of badProcessParts) {
    refused(
      `create() refuses process.${path} ${show(value)}`,
      `spec.process.${field}`,
      () => box.client.create("a", withPart(sleeper(), `process.${path}`, value) as never, RUNC),
    );
  }
  for (const [path, value, field = path] of badResourceParts) {
    const at = "linux.resources";
    refused(
      `create() refuses ${at}.${path} ${show(value)}`,
      `spec.${at}.${field}`,
      () => box.client.create("a", withPart(sleeper(), `${at}.${path}`, value) as never, RUNC),
    );
  }

  for (
    const shim of [
      "",
      "runc",
      ".",
      "..",
      ".runc.v2",
      "io.containerd.",
      "io..v2",
      "a/b.c",
      "./shim",
      "../shim.v1",
      "/",
      "/bin/",
      "io.containerd runc.v2",
      "io.containerd.\0",
      null,
      5,
    ]
  ) {
    refused(
      `create() refuses shim ${show(shim)}`,
      "shim",
      () => box.client.create("a", sleeper(), shim as never),
    );
  }

  for (
    const [options, field] of [
      ["systemdCgroup", "runtimeOptions"],
      [null, "runtimeOptions"],
      [[], "runtimeOptions"],
      [{ systemdCgroups: true }, "runtimeOptions.systemdCgroups"],
      [{ systemdCgroup: "yes" }, "runtimeOptions.systemdCgroup"],
      [{ ioUid: -1 }, "runtimeOptions.ioUid"],
      [{ ioUid: 2 ** 32 }, "runtimeOptions.ioUid"],
      [{ ioUid: 1n }, "runtimeOptions.ioUid"],
      [{ binaryName: 5 }, "runtimeOptions.binaryName"],
      [{ binaryName: "a\0" }, "runtimeOptions.binaryName"],
      [{ value: new Uint8Array() }, "runtimeOptions.typeUrl"],
      [{ typeUrl: "a", value: "b" }, "runtimeOptions.value"],
    ] as const
  ) {
    refused(
      `create() refuses runtime options ${show(options)}`,
      field,
      () => box.client.create("a", sleeper(), RUNC, { runtimeOptions: options as never }),
    );
  }

  for (
    const [labels, field] of [
      ["app", "labels"],
      [["app"], "labels"],
      [5, "labels"],
      [{ "": "x" }, 'labels[""]'],
      [{ app: 5 }, 'labels["app"]'],
      [{ app: null }, 'labels["app"]'],
      [{ app: "x".repeat(4094) }, 'labels["app"]'],
      [{ app: "ä".repeat(2047) }, 'labels["app"]'],
      [{ ["k".repeat(4097)]: "" }, `labels["${"k".repeat(64)}"]`],
    ] as const
  ) {
    refused(
      `create() refuses labels ${show(labels).slice(0, 40)}`,
      field,
      () => box.client.create("a", sleeper(), RUNC, { labels: labels as never }),
    );
  }

  for (
    const [options, field] of [
      [{ image: 5 }, "image"],
      [{ image: "a\0" }, "image"],
      [{ snapshot: "key" }, "snapshot"],
      [{ snapshot: { key: "a" } }, "snapshot.snapshotter"],
      [{ snapshot: { snapshotter: "native", key: 5 } }, "snapshot.key"],
      [{ extensions: [] }, "extensions"],
      [{ extensions: { a: "b" } }, "extensions.a"],
      [{ extensions: { a: { value: new Uint8Array() } } }, "extensions.a.typeUrl"],
      [{ extensions: { a: { typeUrl: "t", value: "b" } } }, "extensions.a.value"],
      [{ replace: "yes" }, "replace"],
    ] as const
  ) {
    refused(
      `create() refuses ${show(options)}`,
      field,
      () => box.client.create("a", sleeper(), RUNC, options as never),
    );
  }

  it("create() accepts an id of 76 characters and a label of 4096 bytes", async () => {
    const id = "a".repeat(76);
    await box.client.create(id, sleeper(), RUNC, { labels: { app: "x".repeat(4093) } });
    await box.client.delete(id);
  });
});
