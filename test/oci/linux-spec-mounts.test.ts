import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linuxSpec, type LinuxSpecOptions } from "../../src/oci/linux-spec.ts";
import type { Mount, Spec } from "../../src/oci/spec.ts";

const build = (options: Partial<LinuxSpecOptions> = {}): Spec =>
  linuxSpec({ args: ["sh"], ...options });
const mountAt = (spec: Spec, destination: string): Mount | undefined =>
  spec.mounts?.find((mount) => mount.destination === destination);

describe("linuxSpec()", () => {
  it("binds the host's root over the bundle's folder for a rootfs of /", () => {
    for (
      const [readonlyRootfs, access, readonly] of [
        [undefined, "rw", undefined],
        [false, "rw", false],
        [true, "ro", true],
        ["recursive", "rro", true],
      ] as const
    ) {
      const spec = build({ rootfs: "/", readonlyRootfs });
      assert.deepEqual(spec.mounts?.[0], {
        destination: "/",
        type: "bind",
        source: "/",
        options: ["rbind", access],
      });
      assert.equal(spec.mounts?.[1]?.destination, "/proc");
      assert.equal(spec.root?.path, "rootfs");
      assert.equal(spec.root?.readonly, readonly);
    }
  });

  it("adds mounts after the default ones", () => {
    const spec = build({
      mounts: [{ destination: "/data", type: "ext4", source: "/dev/sdb1", options: ["ro"] }],
      binds: [
        { source: "/a", destination: "/b" },
        { source: "/c", destination: "/d", readonly: true, recursive: false },
        { source: "/e", destination: "/f", readonly: "recursive", propagation: "rslave" },
      ],
      tmpfs: [
        { destination: "/tmp" },
        { destination: "/cache", sizeBytes: 1024, mode: 0o700, options: ["exec"] },
      ],
    });
    assert.deepEqual(spec.mounts?.slice(0, 7), build().mounts);
    assert.deepEqual(spec.mounts?.slice(7), [
      { destination: "/data", type: "ext4", source: "/dev/sdb1", options: ["ro"] },
      {
        destination: "/tmp",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "noexec", "nodev", "mode=1777"],
      },
      {
        destination: "/cache",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "noexec", "nodev", "size=1024", "mode=700", "exec"],
      },
      { destination: "/b", type: "bind", source: "/a", options: ["rbind", "rw"] },
      { destination: "/d", type: "bind", source: "/c", options: ["bind", "ro"] },
      { destination: "/f", type: "bind", source: "/e", options: ["rbind", "rro", "rslave"] },
    ]);
  });

  it("puts a mount in the place of the default one of its destination", () => {
    const spec = build({
      binds: [{ source: "/dev", destination: "/dev/" }],
      omitMounts: ["/run/"],
    });
    assert.deepEqual(spec.mounts?.map(({ destination }) => destination), [
      "/proc",
      "/dev/",
      "/dev/pts",
      "/dev/shm",
      "/dev/mqueue",
      "/sys",
    ]);
    assert.equal(spec.mounts?.[1]?.type, "bind");
  });

  it("sizes the shared memory", () => {
    const options = mountAt(build({ shmSizeBytes: 1_048_576 }), "/dev/shm")?.options;
    assert.deepEqual(options, ["nosuid", "noexec", "nodev", "mode=1777", "size=1048576"]);
  });

  it("makes devices and allows them", () => {
    const { linux } = build({
      devices: [
        { path: "/dev/fuse", type: "c", major: 10, minor: 229 },
        {
          path: "/dev/disk",
          type: "b",
          major: 8,
          minor: 1,
          access: "r",
          fileMode: 0o600,
          uid: 1,
          gid: 2,
        },
      ],
      deviceRules: [{ allow: true, type: "c", major: 136, access: "rw" }],
    });
    assert.deepEqual(linux?.devices, [
      { path: "/dev/fuse", type: "c", major: 10, minor: 229 },
      { path: "/dev/disk", type: "b", major: 8, minor: 1, fileMode: 0o600, uid: 1, gid: 2 },
    ]);
    assert.deepEqual(linux?.resources?.devices, [
      { allow: false, access: "rwm" },
      { allow: true, type: "c", major: 10, minor: 229, access: "rwm" },
      { allow: true, type: "b", major: 8, minor: 1, access: "r" },
      { allow: true, type: "c", major: 136, access: "rw" },
    ]);
  });

  it("adds limits to the rules for devices", () => {
    const { resources } = build({ resources: { pidsLimit: 5 } }).linux ?? {};
    assert.deepEqual(resources, {
      devices: [{ allow: false, access: "rwm" }],
      pids: { limit: 5 },
    });
  });
});
