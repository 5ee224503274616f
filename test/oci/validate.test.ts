import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Spec } from "../../src/oci/spec.ts";
import { validateProcess, validateResources, validateSpec } from "../../src/oci/validate.ts";
import { changed, fullSpec } from "./full-spec.ts";
import { assertRefused } from "./refused.ts";

const show = (value: unknown) =>
  typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? `${value}`;

/** A class that JSON would write as `{}`. */
const NOT_DATA = new Map([["a", "b"]]);

/** Changes to a full spec; the third item is the refused field, where it is not the changed one. */
const BAD_SPECS: readonly (readonly [string, unknown, string?])[] = [
  ["ociVersion", undefined],
  ["ociVersion", "latest"],
  ["ociVersion", 1.2],
  ["process", undefined],
  ["process", "sh"],
  ["process.terminal", "yes"],
  ["process.consoleSize", { height: 24 }, "process.consoleSize.width"],
  ["process.consoleSize.height", -1],
  ["process.consoleSize.width", 65_536],
  ["process.consoleSize.width", 80.5],
  ["process.user", 1000],
  ["process.user.uid", -1],
  ["process.user.uid", 4_294_967_296],
  ["process.user.uid", "0"],
  ["process.user.uid", NaN],
  ["process.user.gid", 0.5],
  ["process.user.gid", Infinity],
  ["process.user.umask", 0o1000],
  ["process.user.additionalGids[0]", null],
  ["process.user.additionalGids", { 0: 1 }],
  ["process.user.username", 5],
  ["process.args", []],
  ["process.args", undefined],
  ["process.args", "sh"],
  ["process.args[0]", ""],
  ["process.args[0]", 5],
  ["process.args[1]", "a\0b"],
  ["process.args[1]", undefined],
  ["process.env[0]", "PATH"],
  ["process.env[0]", "=x"],
  ["process.env[0]", ""],
  ["process.env[1]", "A=\0"],
  ["process.env", { PATH: "/bin" }],
  ["process.cwd", undefined],
  ["process.cwd", ""],
  ["process.cwd", "tmp"],
  ["process.cwd", "C:\\"],
  ["process.cwd", "/tmp\0"],
  ["process.capabilities", ["CAP_CHOWN"]],
  ["process.capabilities.bounding[0]", "CHOWN"],
  ["process.capabilities.bounding[0]", "cap_chown"],
  ["process.capabilities.effective[0]", "CAP_EVERYTHING"],
  ["process.capabilities.permitted[0]", 5],
  ["process.rlimits[0].type", "NOFILE"],
  ["process.rlimits[0].type", "RLIMIT_FILES"],
  ["process.rlimits[0].type", undefined],
  ["process.rlimits[0].soft", 1025],
  ["process.rlimits[0].soft", undefined],
  ["process.rlimits[0].hard", -1, "process.rlimits[0].hard"],
  ["process.rlimits[1].hard", 18446744073709551616n],
  // As a number it would be written as another one.
  ["process.rlimits[1].hard", 2 ** 60],
  ["process.rlimits[1].type", "RLIMIT_NOFILE"],
  ["process.noNewPrivileges", 1],
  ["process.apparmorProfile", {}],
  ["process.oomScoreAdj", 1001],
  ["process.oomScoreAdj", -1001],
  ["process.scheduler.policy", "SCHED_FAST"],
  ["process.scheduler.nice", 20],
  ["process.scheduler.flags[0]", "RECLAIM"],
  ["process.ioPriority.class", "BE"],
  ["process.ioPriority.priority", 8],
  ["process.execCPUAffinity.initial", 1],
  ["root", undefined],
  ["root.path", ""],
  ["root.path", undefined],
  ["root.path", "a\0"],
  ["root.readonly", "true"],
  ["hostname", 5],
  ["domainname", "a\0"],
  ["mounts", {}],
  ["mounts[0]", null],
  ["mounts[0].destination", "data"],
  ["mounts[0].destination", "C:\\data"],
  ["mounts[0].destination", undefined],
  ["mounts[0].source", 5],
  ["mounts[0].type", ["bind"]],
  ["mounts[0].options", "ro"],
  ["mounts[0].options[0]", 1],
  ["mounts[0].uidMappings[0].size", 0],
  ["mounts[0].gidMappings[0].hostID", undefined],
  ["hooks.prestart", {}],
  ["hooks.prestart[0].path", "hook"],
  ["hooks.createRuntime[0].timeout", 0],
  ["hooks.poststop[0].env[0]", "A"],
  ["annotations", ["a=b"]],
  ["annotations", NOT_DATA],
  ["linux", []],
  ["linux.uidMappings[0].containerID", -1],
  ["linux.gidMappings[0].size", "1"],
  ["linux.cgroupsPath", 1],
  ["linux.namespaces[0].type", "net"],
  ["linux.namespaces[0].type", "PID"],
  ["linux.namespaces[0].type", undefined],
  ["linux.namespaces[1].type", "pid"],
  ["linux.namespaces[1].path", "run/netns"],
  ["linux.devices[0].type", "a"],
  ["linux.devices[0].path", "fuse"],
  ["linux.devices[0].major", undefined],
  ["linux.devices[0].minor", -1],
  ["linux.devices[0].fileMode", -1],
  ["linux.devices[0].uid", 4_294_967_296],
  ["linux.seccomp.defaultAction", undefined],
  ["linux.seccomp.defaultAction", "ALLOW"],
  ["linux.seccomp.architectures[0]", "x86_64"],
  ["linux.seccomp.flags[0]", "LOG"],
  ["linux.seccomp.syscalls[0].names", []],
  ["linux.seccomp.syscalls[0].action", "SCMP_ACT_NOTHING"],
  ["linux.seccomp.syscalls[0].args[0].index", 6],
  ["linux.seccomp.syscalls[0].args[0].value", -1],
  ["linux.seccomp.syscalls[0].args[0].op", "=="],
  ["linux.rootfsPropagation", "all"],
  ["linux.maskedPaths[0]", "proc"],
  ["linux.readonlyPaths", "/proc"],
  ["linux.intelRdt.schemata[0]", 5],
  ["linux.intelRdt.enableMonitoring", 1],
  ["linux.memoryPolicy.mode", "BIND"],
  ["linux.memoryPolicy.nodes", undefined],
  ["linux.personality.domain", "BSD"],
  ["linux.timeOffsets.boottime.nanosecs", 1_000_000_000],
  ["linux.timeOffsets.boottime.secs", 0.5],
  ["linux.resources.devices[0].allow", undefined],
  ["linux.resources.devices[0].allow", "no"],
  ["linux.resources.devices[1].type", "x"],
  ["linux.resources.devices[1].access", "rx"],
  ["linux.resources.devices[1].major", -2],
  ["linux.resources.memory.limit", -2],
  ["linux.resources.memory.limit", "64m"],
  ["linux.resources.memory.limit", 1.5],
  ["linux.resources.memory.limit", 9223372036854775808n],
  ["linux.resources.memory.swap", 999_999],
  ["linux.resources.memory.swappiness", 101],
  ["linux.resources.cpu.shares", -1],
  ["linux.resources.cpu.cpus", 2],
  ["linux.resources.cpu.idle", 2],
  ["linux.resources.cpu.period", -1],
  ["linux.resources.pids.limit", -2],
  ["linux.resources.blockIO.weight", 1001],
  ["linux.resources.blockIO.weightDevice[0].major", undefined],
  ["linux.resources.hugepageLimits[0].pageSize", "2 MB"],
  ["linux.resources.hugepageLimits[0].limit", -1],
  ["linux.resources.network.classID", -1],
  ["linux.resources.network.priorities[0].name", ""],
  ["linux.resources.unified", []],
  ["windows.layerFolders[0]", ""],
  ["windows.layerFolders", "C:\\layers"],
  ["windows.devices[0].idType", undefined],
  ["windows.resources.memory.limit", -1],
  ["windows.resources.cpu.shares", 10_001],
  ["windows.resources.cpu.maximum", -1],
  ["windows.resources.cpu.affinity[0].mask", -1],
  ["windows.resources.storage.iops", "1"],
  ["windows.servicing", "no"],
  ["windows.hyperv", true],
  ["windows.network.endpointList[0]", 1],
  ["windows.network.networkNamespace", {}],
  ["vm", 5],
];

describe("validateSpec()", () => {
  it("accepts a spec with every field", () => validateSpec(fullSpec()));

  for (const [path, change, field = path] of BAD_SPECS) {
    it(`refuses ${show(change)} as ${path}`, () => {
      assertRefused(() => validateSpec(changed(fullSpec(), path, change)), `spec.${field}`);
    });
  }

  for (
    const [field, change] of [
      ['annotations[""]', { "": "x" }],
      ['annotations["a.b"]', { "a.b": 5 }],
      ["linux.sysctl.a", { a: 1 }],
      ["linux.netDevices.eth1.name", { eth1: { name: 1 } }],
      ["linux.timeOffsets.realtime", { realtime: {} }],
      ["linux.resources.rdma.mlx.hcaHandles", { mlx: { hcaHandles: -1 } }],
      ['linux.resources.unified["a/b"]', { "a/b": "1" }],
      ['linux.resources.unified["pids.max"]', { "pids.max": 5 }],
    ] as const
  ) {
    it(`refuses ${field}`, () => {
      const map = /^.*?(annotations|sysctl|netDevices|timeOffsets|rdma|unified)/.exec(field)?.[0];
      assert.ok(map);
      assertRefused(() => validateSpec(changed(fullSpec(), map, change)), `spec.${field}`);
    });
  }

  for (const value of [undefined, null, "{}", [], 5, NOT_DATA]) {
    it(`refuses ${Object.prototype.toString.call(value)} as a spec`, () => {
      assertRefused(() => validateSpec(value), "spec");
    });
  }

  it("names the field and its state in the message", () => {
    assert.throws(() => validateSpec(changed(fullSpec(), "process.args[1]", 5)), {
      message: 'Cannot use "spec.process.args[1]": not a string',
    });
    assert.throws(() => validateSpec(changed(fullSpec(), "process.user.uid", -1)), {
      message: 'Cannot use "spec.process.user.uid": -1 is not within 0 to 4294967295',
    });
  });

  it("starts the path with the field that it is told", () => {
    const spec = changed(fullSpec(), "root.path", 5);
    assertRefused(() => validateSpec(spec, { field: "request.spec" }), "request.spec.root.path");
  });

  it("accepts fields that it does not know, and leaves the spec as it is", () => {
    const spec = { ...fullSpec(), future: { nested: [1n] } };
    const before = structuredClone(spec);
    validateSpec(spec);
    assert.deepEqual(spec, before);
  });

  it("accepts null for what is left out, as Go writes it", () => {
    const spec = changed(fullSpec(), "windows.layerFolders", null);
    validateSpec(changed(spec, "mounts", null));
  });

  it("accepts objects without a prototype", () => {
    validateSpec(Object.assign(Object.create(null), fullSpec()));
  });

  it("accepts a minimal spec that is not for Linux alone", () => {
    validateSpec({ ociVersion: "1.0.2-dev", process: { args: ["sh"], cwd: "/" } });
  });

  const windows: Spec = {
    ociVersion: "1.3.0",
    process: { commandLine: "cmd /c dir", cwd: "C:\\" },
    mounts: [{ destination: "D:" }, { destination: "\\\\.\\pipe\\docker" }],
    root: { path: "" },
    windows: {},
  };
  it("accepts a command line and Windows paths in a Windows spec", () => validateSpec(windows));
  for (
    const [path, change, field = path] of [
      ["process.commandLine", undefined, "process.args"],
      ["process.commandLine", ""],
      ["process.cwd", "temp"],
      ["process.cwd", "C:temp"],
      ["mounts[0].destination", "data"],
    ] as const
  ) {
    it(`refuses ${show(change)} as ${path} of a Windows spec`, () => {
      assertRefused(() => validateSpec(changed(windows, path, change)), `spec.${field}`);
    });
  }
  it("refuses a command line alone for a Linux container on Windows", () => {
    const spec = changed(fullSpec(), "process.args", undefined);
    assertRefused(
      () => validateSpec(changed(spec, "process.commandLine", "sh")),
      "spec.process.args",
    );
  });
});

describe("validateProcess()", () => {
  it("accepts a full process", () => validateProcess(fullSpec().process));
  it("accepts a Windows process", () => {
    validateProcess({ commandLine: "cmd", cwd: "C:\\temp", user: { username: "x" } });
  });
  for (
    const [process, field] of [
      [undefined, "process"],
      [{ cwd: "/" }, "process.args"],
      [{ args: ["sh"] }, "process.cwd"],
      [{ args: ["sh"], cwd: "a" }, "process.cwd"],
      [{ args: ["sh", "\0"], cwd: "/" }, "process.args[1]"],
      [{ args: ["sh"], cwd: "/", env: ["A"] }, "process.env[0]"],
      // deno-lint-ignore no-sparse-arrays
      [{ args: ["sh", , "x"], cwd: "/" }, "process.args[1]"],
    ] as const
  ) {
    it(`refuses ${show(process)}`, () => assertRefused(() => validateProcess(process), field));
  }
});

describe("validateResources()", () => {
  it("accepts the resources of Linux", () => validateResources(fullSpec().linux?.resources));
  it("accepts the resources of Windows", () => validateResources(fullSpec().windows?.resources));
  it("accepts none", () => validateResources({}));
  for (
    const [resources, field] of [
      [null, "resources"],
      [{ memory: { limit: -2 } }, "resources.memory.limit"],
      [{ memory: 5 }, "resources.memory"],
      [{ cpu: { shares: 20_000, maximum: 1 } }, "resources.cpu.shares"],
      [{ memory: { limit: -1 }, storage: {} }, "resources.memory.limit"],
      [{ cpu: 5 }, "resources.cpu"],
    ] as const
  ) {
    it(`refuses ${show(resources)}`, () => {
      assertRefused(() => validateResources(resources), field);
    });
  }
  it("takes shares above 10000 where nothing points to Windows", () => {
    validateResources({ cpu: { shares: 20_000 } });
  });
});
