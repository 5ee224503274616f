import { ALL_CAPABILITIES, type Capability, DEFAULT_CAPABILITIES } from "./capabilities.ts";
import {
  boolean,
  type Check,
  fields,
  integer,
  isRecord,
  list,
  mapOf,
  MAX_UINT16,
  MAX_UINT64,
  options as optionsOf,
  text,
  uint64,
  unixPath,
} from "./check.ts";
import { defined } from "./defined.ts";
import { type Env, envOption, mergeEnv } from "./env.ts";
import type { Integer, LinuxCapabilities, Process, Rlimit, Spec, User } from "./spec.ts";
import { args, capability, oomScoreAdj, rlimit, rlimitType, user } from "./validate-process.ts";

/** The types of resource limits of a Linux process. */
export type RlimitType =
  | "RLIMIT_AS"
  | "RLIMIT_CORE"
  | "RLIMIT_CPU"
  | "RLIMIT_DATA"
  | "RLIMIT_FSIZE"
  | "RLIMIT_LOCKS"
  | "RLIMIT_MEMLOCK"
  | "RLIMIT_MSGQUEUE"
  | "RLIMIT_NICE"
  | "RLIMIT_NOFILE"
  | "RLIMIT_NPROC"
  | "RLIMIT_RSS"
  | "RLIMIT_RTPRIO"
  | "RLIMIT_RTTIME"
  | "RLIMIT_SIGPENDING"
  | "RLIMIT_STACK";

/** A resource limit: one number for both, or `"unlimited"`, or a soft and a hard limit. */
export type RlimitOption =
  | Integer
  | "unlimited"
  | { readonly soft: Integer; readonly hard: Integer };

/**
 * Capabilities of a process: `"all"`, exactly those of a list, or changes to those that it has
 * already, of which `drop` is done after `add`.
 */
export type CapabilityOptions = "all" | readonly Capability[] | CapabilityChanges;

/** Changes to the capabilities of a process. */
export interface CapabilityChanges {
  /** To be added. */
  readonly add?: readonly Capability[] | undefined;
  /** To be removed. */
  readonly drop?: readonly Capability[] | undefined;
  /**
   * To be kept by a user other than root over the start of an executable; they must be among
   * those that the process has. Default: none, so such a user has no capability in force.
   */
  readonly ambient?: readonly Capability[] | undefined;
}

/** What a Linux process is described by. */
export interface LinuxProcessOptions {
  /** The executable and its arguments, at least one. */
  readonly args: readonly string[];
  /** Environment variables. Default: `PATH`, and `TERM=xterm` with a terminal. */
  readonly env?: Env | undefined;
  /** Working directory, an absolute path in the container. Default: `/`. */
  readonly cwd?: string | undefined;
  /** Whether the process has a terminal. Default: false. */
  readonly terminal?: boolean | undefined;
  /** Size of the terminal at the start, in character cells, each 1 to 65535. */
  readonly consoleSize?: { readonly columns: number; readonly rows: number } | undefined;
  /**
   * Who it runs as, by ids in the container; what is left out is 0. The group is put first among
   * the additional ones, so that dropping them does not drop it.
   */
  readonly user?: User | undefined;
  /** Capabilities. Default: the 14 that containerd gives. */
  readonly capabilities?: CapabilityOptions | undefined;
  /** Whether it is kept from gaining privileges, for instance by set-user-id files. Default: true. */
  readonly noNewPrivileges?: boolean | undefined;
  /** Resource limits by their type. Default: `RLIMIT_NOFILE` 1024, which is replaced by its own. */
  readonly rlimits?: { readonly [type in RlimitType]?: RlimitOption | undefined } | undefined;
  /** How willingly the kernel ends it for want of memory, -1000 to 1000. Default: as the runtime. */
  readonly oomScoreAdj?: number | undefined;
  /** Name of its AppArmor profile. Default: none. */
  readonly apparmorProfile?: string | undefined;
  /** Its SELinux label. Default: none. */
  readonly selinuxLabel?: string | undefined;
}

/** What {@linkcode processSpec} takes. */
export interface ProcessSpecOptions extends LinuxProcessOptions {
  /**
   * The spec of a container, or of a process, whose process this one is like: everything but its
   * arguments and terminal is taken from there where it is not given.
   */
  readonly like?: Spec | Process | undefined;
}

const capabilities: Check = list(capability);

/** The checks of {@linkcode LinuxProcessOptions}. */
export const processOptions: Readonly<Record<string, Check>> = {
  env: envOption,
  cwd: unixPath,
  terminal: boolean,
  consoleSize: fields({}, { columns: integer(1, MAX_UINT16), rows: integer(1, MAX_UINT16) }),
  user,
  capabilities: (value, at) => {
    if (value === "all") return;
    const changes = optionsOf({ add: capabilities, drop: capabilities, ambient: capabilities });
    (isRecord(value) ? changes : capabilities)(value, at);
  },
  noNewPrivileges: boolean,
  rlimits: mapOf((value, at) => {
    if (value === "unlimited" || value === undefined) return;
    (isRecord(value) ? rlimit : uint64)(value, at);
  }, rlimitType),
  oomScoreAdj,
  apparmorProfile: text,
  selinuxLabel: text,
};

const specOptions: Check = optionsOf({ ...processOptions, like: fields({}) }, { args });

/** What a process has of itself where nothing else is asked for. */
export const DEFAULT_PROCESS: Process = {
  user: { uid: 0, gid: 0 },
  env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  cwd: "/",
  capabilities: capabilitySets(DEFAULT_CAPABILITIES),
  rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
  noNewPrivileges: true,
};

/**
 * Describes a further process of a Linux container, or the first one.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.args[0]`.
 * @example
 * ```ts
 * await client.exec("web", "shell", processSpec({ args: ["sh"], terminal: true, like: spec }));
 * ```
 */
export function processSpec(options: ProcessSpecOptions): Process {
  specOptions(options, "options");
  return buildProcess(options, likeProcess(options.like) ?? DEFAULT_PROCESS);
}

/** The process to be like, without what is of one process alone. */
export function likeProcess(like: Spec | Process | undefined): Process | undefined {
  const process = like !== undefined && "ociVersion" in like ? like.process : like as Process;
  return process && {
    ...process,
    args: undefined,
    commandLine: undefined,
    terminal: undefined,
    consoleSize: undefined,
  };
}

/** Changes a process by checked options. */
export function buildProcess(options: LinuxProcessOptions, base: Process): Process {
  const { args, terminal, consoleSize, user, capabilities } = options;
  const env = mergeEnv(base.env ?? [], options.env);
  return defined<Process>({
    ...base,
    ...defined({
      noNewPrivileges: options.noNewPrivileges,
      oomScoreAdj: options.oomScoreAdj,
      apparmorProfile: options.apparmorProfile,
      selinuxLabel: options.selinuxLabel,
    }),
    args,
    cwd: options.cwd ?? base.cwd,
    terminal,
    consoleSize: consoleSize && { height: consoleSize.rows, width: consoleSize.columns },
    user: user ? withOwnGroup(user) : base.user,
    env: terminal && !env.some((entry) => entry.startsWith("TERM=")) ? [...env, "TERM=xterm"] : env,
    capabilities: capabilities
      ? changeCapabilities(base.capabilities ?? {}, capabilities)
      : base.capabilities,
    rlimits: mergeRlimits(base.rlimits, options.rlimits),
  });
}

/** The three sets that a process of root gets. */
export function capabilitySets(names: readonly string[]): LinuxCapabilities {
  return { bounding: names, effective: names, permitted: names };
}

function changeCapabilities(
  base: LinuxCapabilities,
  changes: CapabilityOptions,
): LinuxCapabilities {
  if (changes === "all") return capabilitySets(ALL_CAPABILITIES);
  if (!isChanges(changes)) return capabilitySets(changes);
  const { add = [], drop = [], ambient } = changes;
  const keep = (names: readonly string[]) => names.filter((name) => !drop.includes(name as never));
  const change = (names: readonly string[] = []) => keep([...new Set([...names, ...add])]);
  const inheritable = ambient ?? base.inheritable;
  const inherited = ambient ?? base.ambient;
  return defined({
    bounding: change(base.bounding),
    effective: change(base.effective),
    permitted: change(base.permitted),
    inheritable: inheritable && keep(inheritable),
    ambient: inherited && keep(inherited),
  });
}

function isChanges(changes: CapabilityOptions): changes is CapabilityChanges {
  return isRecord(changes);
}

/**
 * A process whose own group is only its primary one could drop it, and with it whatever denies
 * that group access (CVE-2022-36109).
 */
function withOwnGroup({ uid = 0, gid = 0, additionalGids = [], umask, username }: User): User {
  return defined({
    uid,
    gid,
    additionalGids: [...new Set([gid, ...additionalGids])],
    umask,
    username,
  });
}

function mergeRlimits(
  base: readonly Rlimit[] | undefined,
  changes: LinuxProcessOptions["rlimits"],
): readonly Rlimit[] | undefined {
  if (!changes) return base;
  const merged = new Map(base?.map((rlimit) => [rlimit.type, rlimit]));
  for (const [type, option] of Object.entries(changes)) {
    if (option === undefined) continue;
    const both = option === "unlimited" ? MAX_UINT64 : option;
    const { soft, hard } = typeof both === "object" ? both : { soft: both, hard: both };
    merged.set(type, { type, hard, soft });
  }
  return [...merged.values()];
}
