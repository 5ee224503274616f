import { ALL_CAPABILITIES } from "./capabilities.ts";
import {
  boolean,
  type Check,
  every,
  fields,
  list,
  mapOf,
  name,
  oneOf,
  options as optionsOf,
  refuse,
  text,
  uint32,
  unixPath,
} from "./check.ts";
import { defined } from "./defined.ts";
import {
  bindMount,
  buildMounts,
  type LinuxMountOptions,
  mountOptions,
  type MountPropagation,
  mountPropagation,
  readonlyOption,
} from "./linux-mounts.ts";
import {
  buildNamespaces,
  type LinuxNamespaceOptions,
  namespaceOptions,
  type NetworkOption,
  networkOption,
} from "./linux-namespaces.ts";
import {
  buildResources,
  type LinuxResourceOptions,
  resourceOptions,
} from "./linux-resources-spec.ts";
import { OCI_VERSION } from "./oci-version.ts";
import {
  buildProcess,
  capabilitySets,
  DEFAULT_PROCESS,
  type LinuxProcessOptions,
  processOptions,
} from "./process-spec.ts";
import type { Hooks, LinuxDeviceRule, LinuxIntelRdt, LinuxSeccomp, Spec } from "./spec.ts";
import { annotations, hooks, mounts, validateSpec } from "./validate.ts";
import { seccomp } from "./validate-linux.ts";
import { args } from "./validate-process.ts";
import { deviceAccess, deviceRule } from "./validate-resources.ts";

/** A device of the host that a Linux container gets. */
export interface DeviceOptions {
  /** Absolute path in the container. */
  readonly path: string;
  /** Character (`c`) or block (`b`) device. */
  readonly type: "b" | "c";
  /** Major number of the host's device. */
  readonly major: number;
  /** Minor number of the host's device. */
  readonly minor: number;
  /** What is allowed, letters of `rwm`: read, write, make a node. Default: `rwm`. */
  readonly access?: string | undefined;
  /** Mode of the node. Default: 0o666. */
  readonly fileMode?: number | undefined;
  /** Owner of the node, as an id in the container. Default: 0. */
  readonly uid?: number | undefined;
  /** Group of the node, as an id in the container. Default: 0. */
  readonly gid?: number | undefined;
}

/** What {@linkcode linuxSpec} takes. */
export interface LinuxSpecOptions extends LinuxProcessOptions, LinuxMountOptions {
  /**
   * Path of the root file system on the runtime's host; a relative one starts at the bundle.
   * Default: `rootfs`, where a containerd shim mounts the snapshot that `create()` was given; it is
   * empty, and refused, without one.
   *
   * `/` runs on the host's own files: they are bound over the empty folder `rootfs` of the bundle,
   * because runc cannot make the root of the host the root of a container. What is mounted below
   * `/` on the host is there, too.
   */
  readonly rootfs?: string | undefined;
  /**
   * Whether the root file system is read-only. With a `rootfs` of `/`, `true` leaves what is
   * mounted below it writable, `"recursive"` does not, and takes a kernel from 5.12 on and runc
   * from 1.1 on. Default: false.
   */
  readonly readonlyRootfs?: boolean | "recursive" | undefined;
  /** Host name in the container. Default: the host's. */
  readonly hostname?: string | undefined;
  /** NIS domain name in the container. Default: the host's. */
  readonly domainname?: string | undefined;
  /**
   * Whether it gets nearly the rights of the host: all capabilities, all devices, new privileges,
   * a writable `/sys`, no masked and no read-only paths. Options of their own go before.
   * Default: false.
   */
  readonly privileged?: boolean | undefined;
  /** Network. Default: `"none"`. */
  readonly network?: NetworkOption | undefined;
  /** The other namespaces. Default: pid, ipc, uts and mount of its own. */
  readonly namespaces?: LinuxNamespaceOptions | undefined;
  /** Limits. Default: none. */
  readonly resources?: LinuxResourceOptions | undefined;
  /** Devices beside `null`, `zero`, `full`, `random`, `urandom`, `tty`, `console` and `ptmx`. */
  readonly devices?: readonly DeviceOptions[] | undefined;
  /** Rules for devices after the default one, which denies all. */
  readonly deviceRules?: readonly LinuxDeviceRule[] | undefined;
  /** Kernel parameters of its namespaces: `{ "net.ipv4.ip_forward": "1" }`. */
  readonly sysctl?: Readonly<Record<string, string>> | undefined;
  /** Data for the runtime and for tools. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Paths that are hidden. Default: those of containerd. */
  readonly maskedPaths?: readonly string[] | undefined;
  /** Paths that are read-only. Default: those of containerd. */
  readonly readonlyPaths?: readonly string[] | undefined;
  /** Filter of system calls. Default: none. */
  readonly seccomp?: LinuxSeccomp | undefined;
  /** SELinux label of its mounts. Default: none. */
  readonly mountLabel?: string | undefined;
  /**
   * Its cgroup: a path, or `slice:prefix:name` for systemd. Default: the runtime picks; containerd
   * takes `/namespace/id`, or `:namespace:id` with the shim's option `systemdCgroup`.
   */
  readonly cgroupsPath?: string | undefined;
  /** How mounts under its root propagate. Default: as the runtime, in runc `rprivate`. */
  readonly rootfsPropagation?: MountPropagation | undefined;
  /** Commands that the runtime runs at points of the container's life. */
  readonly hooks?: Hooks | undefined;
  /** Its share of caches and memory bandwidth. */
  readonly intelRdt?: LinuxIntelRdt | undefined;
}

const checks: Check = every(
  optionsOf({
    ...processOptions,
    ...mountOptions,
    mounts,
    rootfs: name,
    readonlyRootfs: readonlyOption,
    hostname: text,
    domainname: text,
    privileged: boolean,
    network: networkOption,
    namespaces: namespaceOptions,
    resources: resourceOptions,
    devices: list(
      fields({ access: deviceAccess, fileMode: uint32, uid: uint32, gid: uint32 }, {
        path: unixPath,
        type: oneOf("b", "c"),
        major: uint32,
        minor: uint32,
      }),
    ),
    deviceRules: list(deviceRule),
    sysctl: mapOf(text),
    annotations,
    maskedPaths: list(unixPath),
    readonlyPaths: list(unixPath),
    seccomp,
    mountLabel: text,
    cgroupsPath: text,
    rootfsPropagation: mountPropagation,
    hooks,
    intelRdt: fields({}),
  }, { args }),
  (value, at) => {
    const { hostname, domainname, namespaces } = value as LinuxSpecOptions;
    if (namespaces?.uts !== "host") return;
    for (const [field, name] of Object.entries({ hostname, domainname })) {
      if (name !== undefined) {
        refuse(`${at}.${field}`, "takes a uts namespace that is not the host's");
      }
    }
  },
);

/** @see containerd pkg/oci/spec.go `populateDefaultUnixSpec` */
const MASKED_PATHS = [
  ..."acpi asound kcore keys latency_stats timer_list timer_stats sched_debug scsi"
    .split(" ").map((file) => `/proc/${file}`),
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READONLY_PATHS = "bus fs irq sys sysrq-trigger".split(" ").map((file) => `/proc/${file}`);

/** The folder of a bundle that a containerd shim mounts a snapshot on. */
const BUNDLE_ROOTFS = "rootfs";

const UNCONFINED_PROCESS = {
  ...DEFAULT_PROCESS,
  capabilities: capabilitySets(ALL_CAPABILITIES),
  noNewPrivileges: false,
};

/**
 * Describes a Linux container. What is not given is as containerd has it: the root file system in
 * `rootfs`, namespaces of its own without a network, 14 capabilities, no new privileges, no
 * devices but the harmless ones.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.args[0]`.
 * @see containerd pkg/oci/spec.go, pkg/oci/mounts.go
 * @example
 * ```ts
 * const spec = linuxSpec({
 *   args: ["node", "server.js"],
 *   env: { NODE_ENV: "production" },
 *   network: "host",
 *   resources: { memoryLimitBytes: 256 * 1024 ** 2, cpus: 1.5 },
 * });
 * ```
 */
export function linuxSpec(options: LinuxSpecOptions): Spec {
  checks(options, "options");
  const { rootfs = BUNDLE_ROOTFS, readonlyRootfs, privileged = false } = options;
  const onHost = rootfs === "/";
  const { namespaces = {}, network = "none", devices } = options;
  const mappings = typeof namespaces.user === "object" && "uidMappings" in namespaces.user
    ? namespaces.user
    : undefined;
  const spec = defined<Spec>({
    ociVersion: OCI_VERSION,
    process: buildProcess(options, privileged ? UNCONFINED_PROCESS : DEFAULT_PROCESS),
    root: defined({
      path: onHost ? BUNDLE_ROOTFS : rootfs,
      readonly: readonlyRootfs === undefined ? undefined : readonlyRootfs !== false,
    }),
    hostname: options.hostname,
    domainname: options.domainname,
    mounts: [
      ...onHost ? [bindMount({ source: "/", destination: "/", readonly: readonlyRootfs })] : [],
      ...buildMounts(options, privileged ? "rw" : "ro"),
    ],
    hooks: options.hooks,
    annotations: options.annotations,
    linux: defined({
      uidMappings: mappings?.uidMappings,
      gidMappings: mappings?.gidMappings,
      sysctl: options.sysctl,
      resources: {
        devices: [
          { allow: privileged, access: "rwm" },
          ...devices?.map(({ type, major, minor, access = "rwm" }) => (
            { allow: true, type, major, minor, access }
          )) ?? [],
          ...options.deviceRules ?? [],
        ],
        ...buildResources(options.resources ?? {}),
      },
      cgroupsPath: options.cgroupsPath,
      namespaces: buildNamespaces(namespaces, network),
      devices: devices?.map(({ access: _, ...node }) => defined(node)),
      seccomp: options.seccomp,
      rootfsPropagation: options.rootfsPropagation,
      maskedPaths: options.maskedPaths ?? (privileged ? undefined : MASKED_PATHS),
      readonlyPaths: options.readonlyPaths ?? (privileged ? undefined : READONLY_PATHS),
      mountLabel: options.mountLabel,
      intelRdt: options.intelRdt,
    }),
  });
  validateSpec(spec);
  return spec;
}
