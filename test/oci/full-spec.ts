import type { Spec } from "../../src/oci/spec.ts";

/** A spec with nearly every field of Linux and Windows, as good ones. */
export function fullSpec(): Spec {
  const mapping = () => [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  const throttle = () => [{ major: 8, minor: 0, rate: 1_048_576n }];
  const hook = () => [{ path: "/bin/hook", args: ["hook", ""], env: ["A="], timeout: 5 }];
  return {
    ociVersion: "1.2.0",
    process: {
      terminal: true,
      consoleSize: { height: 24, width: 80 },
      user: { uid: 1000, gid: 4_294_967_295, umask: 0o22, additionalGids: [1], username: "" },
      args: ["sh", "-c", ""],
      env: ["PATH=/bin", "EMPTY=", "TWO=a=b"],
      cwd: "/",
      capabilities: {
        bounding: ["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"],
        effective: ["CAP_CHOWN"],
        inheritable: [],
        permitted: ["CAP_CHOWN"],
        ambient: [],
      },
      rlimits: [
        { type: "RLIMIT_NOFILE", hard: 1024, soft: 512 },
        { type: "RLIMIT_CORE", hard: 18446744073709551615n, soft: 0 },
      ],
      noNewPrivileges: true,
      apparmorProfile: "docker-default",
      oomScoreAdj: -999,
      scheduler: {
        policy: "SCHED_DEADLINE",
        nice: -20,
        priority: 0,
        flags: ["SCHED_FLAG_RECLAIM"],
        runtime: 1n,
        deadline: 2,
        period: 3,
      },
      selinuxLabel: "system_u:system_r:container_t:s0",
      ioPriority: { class: "IOPRIO_CLASS_BE", priority: 4 },
      execCPUAffinity: { initial: "0-1", final: "2" },
    },
    root: { path: "rootfs", readonly: true },
    hostname: "host",
    domainname: "domain",
    mounts: [{
      destination: "/data",
      type: "bind",
      source: "/srv/data",
      options: ["rbind", "ro"],
      uidMappings: mapping(),
      gidMappings: mapping(),
    }],
    hooks: {
      prestart: hook(),
      createRuntime: hook(),
      createContainer: hook(),
      startContainer: hook(),
      poststart: hook(),
      poststop: hook(),
    },
    annotations: { "org.example.key": "" },
    linux: {
      uidMappings: mapping(),
      gidMappings: mapping(),
      sysctl: { "net.ipv4.ip_forward": "1" },
      resources: {
        devices: [{ allow: false, access: "rwm" }, {
          allow: true,
          type: "c",
          major: 1,
          minor: -1,
          access: "r",
        }],
        memory: {
          limit: 1_000_000,
          reservation: -1,
          swap: 2_000_000,
          kernel: -1,
          kernelTCP: -1,
          swappiness: 60,
          disableOOMKiller: false,
          useHierarchy: true,
          checkBeforeUpdate: true,
        },
        cpu: {
          shares: 1024,
          quota: -1,
          burst: 0,
          period: 100_000,
          realtimeRuntime: 0,
          realtimePeriod: 1,
          cpus: "0-3",
          mems: "0",
          idle: 0,
        },
        pids: { limit: -1 },
        blockIO: {
          weight: 500,
          leafWeight: 10,
          weightDevice: [{ major: 8, minor: 0, weight: 500, leafWeight: 300 }],
          throttleReadBpsDevice: throttle(),
          throttleWriteBpsDevice: throttle(),
          throttleReadIOPSDevice: throttle(),
          throttleWriteIOPSDevice: throttle(),
        },
        hugepageLimits: [{ pageSize: "2MB", limit: 4_194_304 }],
        network: { classID: 1, priorities: [{ name: "eth0", priority: 5 }] },
        rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10_000 } },
        unified: { "memory.high": "1G" },
      },
      cgroupsPath: "/default/web",
      namespaces: [
        { type: "pid" },
        { type: "network", path: "/run/netns/web" },
        { type: "mount" },
        { type: "ipc" },
        { type: "uts" },
        { type: "user" },
        { type: "cgroup" },
        { type: "time" },
      ],
      devices: [
        { path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 },
        { path: "/dev/pipe", type: "p" },
      ],
      netDevices: { eth1: { name: "data0" } },
      seccomp: {
        defaultAction: "SCMP_ACT_ERRNO",
        defaultErrnoRet: 1,
        architectures: ["SCMP_ARCH_X86_64"],
        flags: ["SECCOMP_FILTER_FLAG_LOG"],
        listenerPath: "/run/seccomp.sock",
        listenerMetadata: "web",
        syscalls: [{
          names: ["clone"],
          action: "SCMP_ACT_ALLOW",
          errnoRet: 38,
          args: [{ index: 5, value: 18446744073709551615n, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }],
        }],
      },
      rootfsPropagation: "rslave",
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys"],
      mountLabel: "system_u:object_r:container_file_t:s0",
      intelRdt: {
        closID: "guaranteed",
        schemata: ["L3:0=f"],
        l3CacheSchema: "L3:0=f",
        memBwSchema: "MB:0=20",
        enableMonitoring: true,
        enableCMT: true,
        enableMBM: false,
      },
      memoryPolicy: { mode: "MPOL_BIND", nodes: "0-1", flags: ["MPOL_F_STATIC_NODES"] },
      personality: { domain: "LINUX", flags: [] },
      timeOffsets: {
        boottime: { secs: -100, nanosecs: 5 },
        monotonic: { secs: -9223372036854775808n },
      },
    },
    windows: {
      layerFolders: ["C:\\layers\\1", "C:\\layers\\rw"],
      devices: [{ id: "24E552D7-6523-47F7-A647-D3465BF1F5CA", idType: "class" }],
      resources: {
        memory: { limit: 1n },
        cpu: { count: 2, shares: 10_000, maximum: 0, affinity: [{ mask: 3n, group: 0 }] },
        storage: { iops: 1, bps: 2, sandboxSize: 3 },
      },
      credentialSpec: "{}",
      servicing: false,
      ignoreFlushesDuringBoot: true,
      hyperv: { utilityVMPath: "C:\\uvm" },
      network: {
        endpointList: ["e"],
        allowUnqualifiedDNSQuery: true,
        DNSSearchList: ["example.org"],
        networkSharedContainerName: "other",
        networkNamespace: "ns",
      },
    },
  };
}

/** Changes a copy of a value at a path such as `process.args[0]`; `undefined` removes the field. */
export function changed<T>(value: T, path: string, change: unknown): T {
  const copy = structuredClone(value);
  const keys = path.split(/[.[\]]+/).filter((key) => key !== "");
  const last = keys.pop() ?? "";
  let parent = copy as Record<string, unknown>;
  for (const key of keys) parent = parent[key] as Record<string, unknown>;
  if (change === undefined && !Array.isArray(parent)) delete parent[last];
  else parent[last] = change;
  return copy;
}
