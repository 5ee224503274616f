import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from "../../src/oci/capabilities.ts";
import { linuxSpec, type LinuxSpecOptions } from "../../src/oci/linux-spec.ts";
import { linuxResources } from "../../src/oci/linux-resources-spec.ts";
import type { Mount, Spec } from "../../src/oci/spec.ts";
import { assertRefused } from "./refused.ts";

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

  it("has exactly the default capabilities among all", () => {
    assert.equal(ALL_CAPABILITIES.length, 41);
    assert.equal(new Set(ALL_CAPABILITIES).size, 41);
    assert.ok(DEFAULT_CAPABILITIES.every((name) => ALL_CAPABILITIES.includes(name)));
  });

  for (
    const [options, field] of [
      [{ args: [] }, "args"],
      [{ args: ["a\0"] }, "args[0]"],
      [{ args: undefined }, "args"],
      [{ env: ["A"] }, "env[0]"],
      [{ env: { "A=B": "c" } }, 'env["A=B"]'],
      [{ env: { A: 5 } }, "env.A"],
      [{ env: "A=b" }, "env"],
      [{ cwd: "tmp" }, "cwd"],
      [{ user: { uid: -1 } }, "user.uid"],
      [{ user: "root" }, "user"],
      [{ consoleSize: { columns: 0, rows: 1 } }, "consoleSize.columns"],
      [{ capabilities: ["NET_ADMIN"] }, "capabilities[0]"],
      [{ capabilities: "none" }, "capabilities"],
      [{ capabilities: { add: ["CAP_X"] } }, "capabilities.add[0]"],
      [{ capabilities: { remove: [] } }, "capabilities.remove"],
      [{ rlimits: { NOFILE: 5 } }, "rlimits.NOFILE"],
      [{ rlimits: { RLIMIT_NOFILE: -1 } }, "rlimits.RLIMIT_NOFILE"],
      [{ rlimits: { RLIMIT_NOFILE: { soft: 2, hard: 1 } } }, "rlimits.RLIMIT_NOFILE.soft"],
      [{ rootfs: "" }, "rootfs"],
      [{ readonlyRootfs: "yes" }, "readonlyRootfs"],
      [{ mounts: [{ destination: "a" }] }, "mounts[0].destination"],
      [{ binds: [{ source: "a", destination: "/a" }] }, "binds[0].source"],
      [{ binds: [{ source: "/a" }] }, "binds[0].destination"],
      [{ binds: [{ source: "/a", destination: "/b", readonly: 1 }] }, "binds[0].readonly"],
      [{ tmpfs: [{ destination: "/a", sizeBytes: -1 }] }, "tmpfs[0].sizeBytes"],
      [{ tmpfs: [{ destination: "/a", mode: 0o10000 }] }, "tmpfs[0].mode"],
      [{ omitMounts: "/run" }, "omitMounts"],
      [{ shmSizeBytes: "64m" }, "shmSizeBytes"],
      [{ network: "bridge" }, "network"],
      [{ network: { path: "netns" } }, "network.path"],
      [{ namespaces: { pid: "shared" } }, "namespaces.pid"],
      [{ namespaces: { network: "host" } }, "namespaces.network"],
      [{ namespaces: { user: "private" } }, "namespaces.user"],
      [{ namespaces: { user: { uidMappings: [] } } }, "namespaces.user.gidMappings"],
      [{ hostname: "web", namespaces: { uts: "host" } }, "hostname"],
      [{ domainname: "web", namespaces: { uts: "host" } }, "domainname"],
      [{ devices: [{ path: "/dev/x", type: "p", major: 1, minor: 1 }] }, "devices[0].type"],
      [{ devices: [{ path: "/dev/x", type: "c", major: 1 }] }, "devices[0].minor"],
      [
        { devices: [{ path: "/dev/x", type: "c", major: 1, minor: 1, access: "x" }] },
        "devices[0].access",
      ],
      [{ deviceRules: [{ type: "c" }] }, "deviceRules[0].allow"],
      [{ resources: { memoryLimitBytes: "1g" } }, "resources.memoryLimitBytes"],
      [{ resources: { memory: 5 } }, "resources.memory"],
      [{ sysctl: { a: 1 } }, "sysctl.a"],
      [{ maskedPaths: ["proc"] }, "maskedPaths[0]"],
      [{ seccomp: { defaultAction: "ALLOW" } }, "seccomp.defaultAction"],
      [{ rootfsPropagation: "all" }, "rootfsPropagation"],
      [{ oomScoreAdj: 2000 }, "oomScoreAdj"],
      [{ hooks: { poststop: [{ path: "hook" }] } }, "hooks.poststop[0].path"],
      [{ priviledged: true }, "priviledged"],
      [{ namespaces: null }, "namespaces"],
      [{ like: {} }, "like"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assertRefused(
        () => build(options as unknown as Partial<LinuxSpecOptions>),
        `options.${field}`,
      );
    });
  }
  it("refuses what is no object", () => {
    assertRefused(() => linuxSpec("sh" as unknown as LinuxSpecOptions), "options");
  });
});

describe("linuxResources()", () => {
  it("describes every limit", () => {
    const throttle = { major: 8, minor: 0 };
    assert.deepEqual(
      linuxResources({
        memoryLimitBytes: 2n ** 62n,
        memorySwapLimitBytes: -1,
        memoryReservationBytes: 1,
        memorySwappiness: 0,
        disableOomKiller: true,
        cpuShares: 2,
        cpuQuotaUs: -1,
        cpuPeriodUs: 50_000,
        cpuBurstUs: 1,
        cpuRealtimeRuntimeUs: 2,
        cpuRealtimePeriodUs: 3,
        cpusetCpus: "0-1",
        cpusetMems: "0",
        pidsLimit: -1,
        blkioWeight: 10,
        blkioThrottles: [
          { ...throttle, readBytesPerSecond: 1, writeBytesPerSecond: 2n },
          { ...throttle, minor: 1, readBytesPerSecond: 3, readsPerSecond: 4, writesPerSecond: 5 },
        ],
        hugepageLimitsBytes: { "2MB": 4_194_304, "1GB": 0 },
        unified: { "memory.high": "1G" },
      }),
      {
        memory: {
          limit: 2n ** 62n,
          swap: -1,
          reservation: 1,
          swappiness: 0,
          disableOOMKiller: true,
        },
        cpu: {
          shares: 2,
          quota: -1,
          period: 50_000,
          burst: 1,
          realtimeRuntime: 2,
          realtimePeriod: 3,
          cpus: "0-1",
          mems: "0",
        },
        pids: { limit: -1 },
        blockIO: {
          weight: 10,
          throttleReadBpsDevice: [{ ...throttle, rate: 1 }, { major: 8, minor: 1, rate: 3 }],
          throttleWriteBpsDevice: [{ ...throttle, rate: 2n }],
          throttleReadIOPSDevice: [{ major: 8, minor: 1, rate: 4 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 1, rate: 5 }],
        },
        hugepageLimits: [{ pageSize: "2MB", limit: 4_194_304 }, { pageSize: "1GB", limit: 0 }],
        unified: { "memory.high": "1G" },
      },
    );
  });
  it("turns a number of CPUs into a quota", () => {
    assert.deepEqual(linuxResources({ cpus: 1.5 }), { cpu: { quota: 150_000, period: 100_000 } });
    assert.deepEqual(linuxResources({ cpus: 0.01, cpuPeriodUs: 200_000n }), {
      cpu: { quota: 2000, period: 200_000n },
    });
  });
  it("leaves out what is not limited", () => assert.deepEqual(linuxResources({}), {}));
  for (
    const [options, field] of [
      [{ cpus: 0 }, "cpus"],
      [{ cpus: -1 }, "cpus"],
      [{ cpus: NaN }, "cpus"],
      [{ cpus: Infinity }, "cpus"],
      [{ cpus: "2" }, "cpus"],
      [{ cpus: 1, cpuQuotaUs: 5 }, "cpuQuotaUs"],
      [{ memoryLimitBytes: -2 }, "memoryLimitBytes"],
      [{ memoryLimitBytes: 1.5 }, "memoryLimitBytes"],
      [{ memoryLimitBytes: 2, memorySwapLimitBytes: 1 }, "memorySwapLimitBytes"],
      [{ hugepageLimitsBytes: { huge: 1 } }, "hugepageLimitsBytes.huge"],
      [{ blkioThrottles: [{ major: 8 }] }, "blkioThrottles[0].minor"],
      [{ memoryLimit: 5 }, "memoryLimit"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assertRefused(() => linuxResources(options as object), `options.${field}`);
    });
  }
});
