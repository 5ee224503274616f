/** Parts of a spec that are wrong: where, what is there instead, and the field that is refused. */
export type BadPart = readonly [path: string, value: unknown, field?: string];

const NUL = "a\0b";
const MISSING = undefined;

/** What is wrong with a process; paths are below the process. */
export const badProcessParts: readonly BadPart[] = [
  ["args", MISSING],
  ["args", null],
  ["args", []],
  ["args", "sh"],
  ["args", { 0: "sh" }],
  ["args", [""], "args[0]"],
  ["args", [NUL], "args[0]"],
  ["args", ["sh", 1], "args[1]"],
  ["args", ["sh", null], "args[1]"],
  // deno-lint-ignore no-sparse-arrays
  ["args", ["sh", , "x"], "args[1]"],
  ["cwd", MISSING],
  ["cwd", "tmp"],
  ["cwd", ""],
  ["cwd", NUL],
  ["cwd", 5],
  ["env", "A=1"],
  ["env", { A: "1" }],
  ["env", ["A"], "env[0]"],
  ["env", ["=1"], "env[0]"],
  ["env", [`A=${NUL}`], "env[0]"],
  ["env", ["A=1", 5], "env[1]"],
  ["terminal", "yes"],
  ["terminal", 1],
  ["consoleSize", { height: 24 }, "consoleSize.width"],
  ["consoleSize", { height: -1, width: 80 }, "consoleSize.height"],
  ["user", "root"],
  ["user.uid", -1],
  ["user.uid", 2 ** 32],
  ["user.uid", 1.5],
  ["user.gid", "0"],
  ["user.additionalGids", [-1], "user.additionalGids[0]"],
  ["user.umask", 0o1000],
  ["capabilities", ["CAP_KILL"]],
  ["capabilities.bounding", ["KILL"], "capabilities.bounding[0]"],
  ["rlimits", [{ type: "NOFILE", soft: 1, hard: 1 }], "rlimits[0].type"],
  ["rlimits", [{ type: "RLIMIT_NOFILE", soft: 2, hard: 1 }], "rlimits[0].soft"],
  ["rlimits", [{ type: "RLIMIT_NOFILE", soft: -1, hard: 1 }], "rlimits[0].soft"],
  ["noNewPrivileges", "false"],
  ["oomScoreAdj", 1001],
  ["apparmorProfile", 5],
  ["selinuxLabel", NUL],
];

/** What is wrong with the limits of a container; paths are below the limits. */
export const badResourceParts: readonly BadPart[] = [
  ["memory", 1024],
  ["memory.limit", -2],
  ["memory.limit", NaN],
  ["memory.limit", Infinity],
  ["memory.limit", 0.5],
  ["memory.limit", "1g"],
  ["memory.limit", 2 ** 63],
  ["memory.limit", 2n ** 63n],
  ["cpu.shares", -1],
  ["cpu.quota", 1.5],
  ["cpu.period", -1n],
  ["cpu.cpus", 0],
  ["cpu.idle", 2],
  ["pids.limit", "many"],
  ["blockIO.weight", 1001],
  ["hugepageLimits", [{ pageSize: "2m", limit: 1 }], "hugepageLimits[0].pageSize"],
  ["unified", { "a/b": "1" }, 'unified["a/b"]'],
  ["devices", [{ allow: "yes" }], "devices[0].allow"],
];

/** What is wrong with a spec, but for its process and limits. */
export const badSpecParts: readonly BadPart[] = [
  ["ociVersion", MISSING],
  ["ociVersion", "one"],
  ["process", MISSING],
  ["process", "sh"],
  ["process", ["sh"]],
  ["root", MISSING],
  ["root", "/"],
  ["root.path", ""],
  ["root.path", NUL],
  ["root.readonly", "yes"],
  ["hostname", NUL],
  ["hostname", 5],
  ["mounts", { destination: "/x" }],
  ["mounts", [{}], "mounts[0].destination"],
  ["mounts", [{ destination: "x" }], "mounts[0].destination"],
  ["mounts", [{ destination: "/x", options: "ro" }], "mounts[0].options"],
  ["mounts", [{ destination: "/x", options: [NUL] }], "mounts[0].options[0]"],
  ["hooks.prestart", [{ path: "x" }], "hooks.prestart[0].path"],
  ["hooks.poststop", [{ path: "/x", timeout: 0 }], "hooks.poststop[0].timeout"],
  ["annotations", ["a"]],
  ["annotations", { a: 1 }, "annotations.a"],
  ["linux", "yes"],
  ["linux.namespaces", [{ type: "net" }], "linux.namespaces[0].type"],
  ["linux.namespaces", [{ type: "pid" }, { type: "pid" }], "linux.namespaces[1].type"],
  ["linux.namespaces", [{ type: "pid", path: "x" }], "linux.namespaces[0].path"],
  ["linux.devices", [{ path: "/dev/x", type: "c" }], "linux.devices[0].major"],
  ["linux.sysctl", { "a.b": 1 }, 'linux.sysctl["a.b"]'],
  ["linux.cgroupsPath", 5],
  ["linux.maskedPaths", ["x"], "linux.maskedPaths[0]"],
  ["linux.seccomp", {}, "linux.seccomp.defaultAction"],
  ["linux.seccomp", { defaultAction: "ALLOW" }, "linux.seccomp.defaultAction"],
  ["linux.rootfsPropagation", "public"],
  ["linux.uidMappings", [{ containerID: 0, hostID: 0, size: 0 }], "linux.uidMappings[0].size"],
];

/** A copy of `value` in which the part at a path is another. */
export function withPart(value: unknown, path: string, part: unknown): unknown {
  const [key = "", ...rest] = path.split(".");
  const object = (value ?? {}) as Readonly<Record<string, unknown>>;
  const inner = rest.length === 0 ? part : withPart(object[key], rest.join("."), part);
  return { ...object, [key]: inner };
}
