import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from "../../src/oci/capabilities.ts";
import { linuxSpec, type LinuxSpecOptions } from "../../src/oci/linux-spec.ts";
import type { Mount, Spec } from "../../src/oci/spec.ts";

const build = (options: Partial<LinuxSpecOptions> = {}): Spec =>
  linuxSpec({ args: ["sh"], ...options });
const mountAt = (spec: Spec, destination: string): Mount | undefined =>
  spec.mounts?.find((mount) => mount.destination === destination);
const namespaces = (spec: Spec) =>
  Object.fromEntries(spec.linux?.namespaces?.map(({ type, path }) => [type, path ?? "new"]) ?? []);

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

describe("linuxSpec()", () => {
  it("has the defaults of containerd", () => {
    const caps = [
      "CAP_CHOWN",
      "CAP_DAC_OVERRIDE",
      "CAP_FSETID",
      "CAP_FOWNER",
      "CAP_MKNOD",
      "CAP_NET_RAW",
      "CAP_SETGID",
      "CAP_SETUID",
      "CAP_SETFCAP",
      "CAP_SETPCAP",
      "CAP_NET_BIND_SERVICE",
      "CAP_SYS_CHROOT",
      "CAP_KILL",
      "CAP_AUDIT_WRITE",
    ];
    const { maskedPaths, ...linux } = build().linux ?? {};
    assert.deepEqual({ ...build(), linux }, {
      ociVersion: "1.3.0",
      root: { path: "rootfs" },
      process: {
        args: ["sh"],
        cwd: "/",
        env: [PATH],
        noNewPrivileges: true,
        user: { uid: 0, gid: 0 },
        capabilities: { bounding: caps, permitted: caps, effective: caps },
        rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      },
      mounts: [
        {
          destination: "/proc",
          type: "proc",
          source: "proc",
          options: ["nosuid", "noexec", "nodev"],
        },
        {
          destination: "/dev",
          type: "tmpfs",
          source: "tmpfs",
          options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
        {
          destination: "/dev/pts",
          type: "devpts",
          source: "devpts",
          options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
        },
        {
          destination: "/dev/shm",
          type: "tmpfs",
          source: "shm",
          options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
        },
        {
          destination: "/dev/mqueue",
          type: "mqueue",
          source: "mqueue",
          options: ["nosuid", "noexec", "nodev"],
        },
        {
          destination: "/sys",
          type: "sysfs",
          source: "sysfs",
          options: ["nosuid", "noexec", "nodev", "ro"],
        },
        {
          destination: "/run",
          type: "tmpfs",
          source: "tmpfs",
          options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
        },
      ],
      linux: {
        resources: { devices: [{ allow: false, access: "rwm" }] },
        namespaces: [
          { type: "pid" },
          { type: "ipc" },
          { type: "uts" },
          { type: "mount" },
          { type: "network" },
        ],
        readonlyPaths: [
          "/proc/bus",
          "/proc/fs",
          "/proc/irq",
          "/proc/sys",
          "/proc/sysrq-trigger",
        ],
      },
    });
    assert.deepEqual([...maskedPaths ?? []].sort(), [
      "/proc/acpi",
      "/proc/asound",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/sched_debug",
      "/proc/scsi",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/sys/devices/virtual/powercap",
      "/sys/firmware",
    ]);
  });

  it("passes on what the spec has by the same name", () => {
    const seccomp = { defaultAction: "SCMP_ACT_ALLOW" } as const;
    const hooks = { poststop: [{ path: "/bin/hook" }] };
    const spec = build({
      rootfs: "/srv/rootfs",
      readonlyRootfs: true,
      hostname: "web",
      domainname: "example.org",
      annotations: { a: "b" },
      sysctl: { "net.ipv4.ip_forward": "1" },
      maskedPaths: [],
      readonlyPaths: ["/proc/sys"],
      seccomp,
      hooks,
      cgroupsPath: "/default/web",
      rootfsPropagation: "rslave",
      mountLabel: "label",
      intelRdt: { closID: "low" },
      cwd: "/srv",
      oomScoreAdj: 500,
      apparmorProfile: "profile",
      selinuxLabel: "process_label",
      noNewPrivileges: false,
      terminal: false,
    });
    const { root, hostname, domainname, annotations, process, linux } = spec;
    assert.deepEqual({ root, hostname, domainname, annotations, hooks: spec.hooks }, {
      root: { path: "/srv/rootfs", readonly: true },
      hostname: "web",
      domainname: "example.org",
      annotations: { a: "b" },
      hooks,
    });
    assert.deepEqual(process, {
      ...build().process,
      cwd: "/srv",
      oomScoreAdj: 500,
      apparmorProfile: "profile",
      selinuxLabel: "process_label",
      noNewPrivileges: false,
      terminal: false,
    });
    assert.deepEqual(linux, {
      ...build().linux,
      sysctl: { "net.ipv4.ip_forward": "1" },
      maskedPaths: [],
      readonlyPaths: ["/proc/sys"],
      seccomp,
      cgroupsPath: "/default/web",
      rootfsPropagation: "rslave",
      mountLabel: "label",
      intelRdt: { closID: "low" },
    });
  });

  it("does not share data between specs", () => {
    const spec = build({ binds: [{ source: "/a", destination: "/b" }] });
    assert.equal(spec.mounts?.length, 8);
    assert.equal(build().mounts?.length, 7);
  });

  it("gives a privileged container all rights, but keeps options of their own", () => {
    const spec = build({ privileged: true });
    assert.deepEqual(spec.process?.capabilities?.effective, ALL_CAPABILITIES);
    assert.equal(spec.process?.noNewPrivileges, false);
    assert.deepEqual(spec.linux?.resources?.devices, [{ allow: true, access: "rwm" }]);
    assert.equal(spec.linux?.maskedPaths, undefined);
    assert.equal(spec.linux?.readonlyPaths, undefined);
    assert.deepEqual(mountAt(spec, "/sys")?.options, ["nosuid", "noexec", "nodev", "rw"]);
    const own = build({
      privileged: true,
      capabilities: { drop: ["CAP_SYS_ADMIN"] },
      noNewPrivileges: true,
      maskedPaths: ["/proc/kcore"],
    });
    assert.equal(own.process?.capabilities?.bounding?.length, ALL_CAPABILITIES.length - 1);
    assert.equal(own.process?.noNewPrivileges, true);
    assert.deepEqual(own.linux?.maskedPaths, ["/proc/kcore"]);
  });

  it("makes, joins and shares namespaces", () => {
    const isolated = { pid: "new", ipc: "new", uts: "new", mount: "new", network: "new" };
    const { network: _, ...local } = isolated;
    assert.deepEqual(namespaces(build({ network: "none" })), isolated);
    assert.deepEqual(namespaces(build({ network: "host" })), local);
    assert.deepEqual(namespaces(build({ network: { path: "/run/netns/a" } })), {
      ...isolated,
      network: "/run/netns/a",
    });
    assert.deepEqual(
      namespaces(build({
        namespaces: {
          pid: "host",
          ipc: { path: "/proc/7/ns/ipc" },
          uts: undefined,
          cgroup: "private",
          time: "private",
        },
      })),
      {
        ipc: "/proc/7/ns/ipc",
        uts: "new",
        mount: "new",
        network: "new",
        cgroup: "new",
        time: "new",
      },
    );
    const uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
    const gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
    const mapped = build({ namespaces: { user: { uidMappings, gidMappings } } });
    assert.equal(namespaces(mapped)["user"], "new");
    assert.deepEqual(mapped.linux?.uidMappings, uidMappings);
    assert.deepEqual(mapped.linux?.gidMappings, gidMappings);
    const joined = build({ namespaces: { user: { path: "/proc/7/ns/user" } } });
    assert.equal(namespaces(joined)["user"], "/proc/7/ns/user");
    assert.equal(joined.linux?.uidMappings, undefined);
  });

  it("has exactly the default capabilities among all", () => {
    assert.equal(ALL_CAPABILITIES.length, 41);
    assert.equal(new Set(ALL_CAPABILITIES).size, 41);
    assert.ok(DEFAULT_CAPABILITIES.every((name) => ALL_CAPABILITIES.includes(name)));
  });
});
