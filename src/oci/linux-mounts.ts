import {
  boolean,
  type Check,
  fields,
  integer,
  list,
  oneOf,
  path,
  text,
  uint64,
  unixPath,
} from "./check.ts";
import type { Mount } from "./spec.ts";

/** A folder or file of the host in a Linux container. */
export interface BindMount {
  /** Absolute path on the runtime's host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly destination: string;
  /**
   * Whether it is read-only: `true` leaves what is mounted below it writable, `"recursive"` does
   * not, and takes a kernel from 5.12 on and runc from 1.1 on. Default: false.
   */
  readonly readonly?: boolean | "recursive" | undefined;
  /** Whether what is mounted below it is there, too. Default: true. */
  readonly recursive?: boolean | undefined;
  /** How mounts propagate to and from it. Default: as the runtime, in runc `rprivate`. */
  readonly propagation?: MountPropagation | undefined;
}

/** How mounts propagate between a mount and its copies; with `r` for those below it, too. */
export type MountPropagation =
  | "private"
  | "rprivate"
  | "shared"
  | "rshared"
  | "slave"
  | "rslave"
  | "unbindable"
  | "runbindable";

/** A file system in memory, mounted `nosuid,nodev,noexec`. */
export interface TmpfsMount {
  /** Absolute path in the container. */
  readonly destination: string;
  /** Its size, in bytes. Default: half of the host's memory. */
  readonly sizeBytes?: number | undefined;
  /** Mode of its root. Default: 0o1777. runc 1.1 takes that of a folder that it covers, instead. */
  readonly mode?: number | undefined;
  /** Further options, for instance `exec`; a later one wins. */
  readonly options?: readonly string[] | undefined;
}

/** What is mounted into a Linux container. */
export interface LinuxMountOptions {
  /** Mounts as they are in the spec. One takes the place of the default one of its destination. */
  readonly mounts?: readonly Mount[] | undefined;
  /** Folders and files of the host. */
  readonly binds?: readonly BindMount[] | undefined;
  /** File systems in memory. */
  readonly tmpfs?: readonly TmpfsMount[] | undefined;
  /** Destinations of default mounts that are left out, for instance `/run`. */
  readonly omitMounts?: readonly string[] | undefined;
  /** Size of `/dev/shm`, in bytes. Default: 64 MiB. */
  readonly shmSizeBytes?: number | undefined;
}

/** Accepts how mounts propagate. */
export const mountPropagation: Check = oneOf(
  ...["private", "shared", "slave", "unbindable"].flatMap((kind) => [kind, `r${kind}`]),
);

/** Accepts whether a mount is read-only, alone or with what is below it. */
export const readonlyOption: Check = (value, at) => {
  if (value !== "recursive") boolean(value, at);
};

/** The checks of {@linkcode LinuxMountOptions}, but for its mounts. */
export const mountOptions: Readonly<Record<string, Check>> = {
  binds: list(fields({
    readonly: readonlyOption,
    recursive: boolean,
    propagation: mountPropagation,
  }, { source: path, destination: unixPath })),
  tmpfs: list(fields({
    sizeBytes: uint64,
    mode: integer(0, 0o7777),
    options: list(text),
  }, { destination: unixPath })),
  omitMounts: list(unixPath),
  shmSizeBytes: uint64,
};

const CONFINED = ["nosuid", "noexec", "nodev"];
const SMALL_TMPFS = ["nosuid", "strictatime", "mode=755", "size=65536k"];

/** @see containerd pkg/oci/mounts.go `defaultMounts` */
function defaultMounts(shmSize: string, sysfsAccess: string): readonly Mount[] {
  const mount = (
    destination: string,
    type: string,
    options: readonly string[],
    source = type,
  ): Mount => ({ destination, type, source, options });
  return [
    mount("/proc", "proc", CONFINED),
    mount("/dev", "tmpfs", SMALL_TMPFS),
    mount("/dev/pts", "devpts", [
      "nosuid",
      "noexec",
      "newinstance",
      "ptmxmode=0666",
      "mode=0620",
      "gid=5",
    ]),
    mount("/dev/shm", "tmpfs", [...CONFINED, "mode=1777", `size=${shmSize}`], "shm"),
    mount("/dev/mqueue", "mqueue", CONFINED),
    mount("/sys", "sysfs", [...CONFINED, sysfsAccess]),
    mount("/run", "tmpfs", SMALL_TMPFS),
  ];
}

/** The mounts of a container, by checked options; the default ones come first, in their order. */
export function buildMounts(
  options: LinuxMountOptions,
  sysfsAccess: "ro" | "rw",
): readonly Mount[] {
  const { binds = [], tmpfs = [], omitMounts = [], shmSizeBytes } = options;
  const further = [...options.mounts ?? [], ...tmpfs.map(tmpfsMount), ...binds.map(bindMount)];
  const omitted = new Set(omitMounts.map(clean));
  const mounts: Mount[] = [];
  for (
    const mount of defaultMounts(
      shmSizeBytes === undefined ? "65536k" : `${shmSizeBytes}`,
      sysfsAccess,
    )
  ) {
    // In its place, because what is mounted below it comes later.
    const index = further.findIndex(({ destination }) => clean(destination) === mount.destination);
    if (index >= 0) mounts.push(...further.splice(index, 1));
    else if (!omitted.has(mount.destination)) mounts.push(mount);
  }
  return [...mounts, ...further];
}

/** Describes a bind mount, by checked options. */
export function bindMount(
  { source, destination, readonly, recursive, propagation }: BindMount,
): Mount {
  const access = readonly === "recursive" ? "rro" : readonly ? "ro" : "rw";
  const options = [recursive === false ? "bind" : "rbind", access];
  if (propagation) options.push(propagation);
  return { destination, type: "bind", source, options };
}

function tmpfsMount({ destination, sizeBytes, mode = 0o1777, options = [] }: TmpfsMount): Mount {
  const size = sizeBytes === undefined ? [] : [`size=${sizeBytes}`];
  return {
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: [...CONFINED, ...size, `mode=${mode.toString(8)}`, ...options],
  };
}

function clean(destination: string): string {
  return destination.replace(/\/+$/, "") || "/";
}
