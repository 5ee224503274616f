import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Spec } from "../../src/oci/spec.ts";
import { validateProcess, validateResources, validateSpec } from "../../src/oci/validate.ts";
import { BAD_SPECS, NOT_DATA } from "./bad-specs.ts";
import { changed, fullSpec } from "./full-spec.ts";
import { assertRefused } from "./refused.ts";

const show = (value: unknown) =>
  typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? `${value}`;

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
      [{ memmory: { limit: 1 } }, "resources.memmory"],
      [{ memory: { limits: 1 } }, "resources.memory.limits"],
      [{ memoryLimitBytes: 1 }, "resources.memoryLimitBytes"],
      [{ pids: { max: 1 } }, "resources.pids.max"],
      [{ storage: { iop: 1 } }, "resources.storage.iop"],
      [{ cpu: { count: 1, quota: 1 } }, "resources.cpu.quota"],
      [{ devices: [{ allow: true, majr: 1 }] }, "resources.devices[0].majr"],
      [
        { blockIO: { weightDevice: [{ major: 8, minor: 0, wieght: 1 }] } },
        "resources.blockIO.weightDevice[0].wieght",
      ],
      ...[
        "throttleReadBpsDevice",
        "throttleWriteBpsDevice",
        "throttleReadIOPSDevice",
        "throttleWriteIOPSDevice",
      ].map((name) =>
        [
          { blockIO: { [name]: [{ major: 8, minor: 0, rate: 1, burst: 1 }] } },
          `resources.blockIO.${name}[0].burst`,
        ] as const
      ),
      [
        { hugepageLimits: [{ pageSize: "2MB", limit: 1, max: 1 }] },
        "resources.hugepageLimits[0].max",
      ],
      [
        { network: { priorities: [{ name: "eth0", priority: 1, prio: 1 }] } },
        "resources.network.priorities[0].prio",
      ],
      [{ rdma: { mlx: { hcaHandels: 1 } } }, "resources.rdma.mlx.hcaHandels"],
      [{ cpu: { count: 1, affinity: [{ maks: 1 }] } }, "resources.cpu.affinity[0].maks"],
    ] as const
  ) {
    it(`refuses ${show(resources)}`, () => {
      assertRefused(() => validateResources(resources), field);
    });
  }
  it("takes null for what is left out, as Go writes it", () => {
    validateResources({ devices: null, memory: null, cpu: { shares: null } });
  });
  it("refuses limits that it does not know only on their own, not within a spec", () => {
    const spec = fullSpec();
    validateSpec({ ...spec, linux: { ...spec.linux, resources: { memory: { later: 1 } } } });
    const devices = [{ allow: true, later: 1 }];
    validateSpec({ ...spec, linux: { ...spec.linux, resources: { devices } } });
  });
  it("takes shares above 10000 where nothing points to Windows", () => {
    validateResources({ cpu: { shares: 20_000 } });
  });
});
