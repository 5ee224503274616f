import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { windowsProcessSpec } from "../../src/oci/windows-process-spec.ts";
import { windowsResources } from "../../src/oci/windows-resources-spec.ts";
import { windowsSpec, type WindowsSpecOptions } from "../../src/oci/windows-spec.ts";
import { assertRefused } from "./refused.ts";

describe("windowsSpec()", () => {
  it("has the defaults of containerd", () => {
    assert.deepEqual(windowsSpec({ args: ["cmd"] }), {
      ociVersion: "1.3.0",
      process: { args: ["cmd"], cwd: "C:\\" },
      root: { path: "" },
      windows: {},
    });
  });

  it("describes a container with Hyper-V isolation", () => {
    assert.deepEqual(windowsSpec({ commandLine: "cmd /c dir", isolation: "hyperv" }), {
      ociVersion: "1.3.0",
      process: { commandLine: "cmd /c dir", cwd: "C:\\" },
      windows: { hyperv: {} },
    });
    const { windows } = windowsSpec({
      args: ["cmd"],
      isolation: "hyperv",
      utilityVmPath: "C:\\uvm",
    });
    assert.deepEqual(windows?.hyperv, { utilityVMPath: "C:\\uvm" });
  });

  it("describes every option", () => {
    assert.deepEqual(
      windowsSpec({
        args: ["cmd"],
        env: { A: "1" },
        cwd: "D:\\work",
        terminal: true,
        consoleSize: { columns: 80, rows: 24 },
        username: "ContainerUser",
        isolation: "process",
        rootfs: "\\\\?\\Volume{4c1b02c1-d990-11dc-99ae-806e6f6e6963}\\",
        layerFolders: ["C:\\1", "C:\\rw"],
        hostname: "web",
        mounts: [{ destination: "C:\\a", source: "C:\\b" }],
        binds: [
          { source: "C:\\c", destination: "C:\\d", readonly: true },
          { source: "\\\\.\\pipe\\x", destination: "\\\\.\\pipe\\y" },
        ],
        network: {
          namespace: "ns",
          endpoints: ["e"],
          dnsSearch: ["example.org"],
          allowUnqualifiedDnsQuery: true,
          sharedContainerId: "other",
        },
        resources: { memoryLimitBytes: 2n ** 33n, cpuMaximumPercent: 12.5 },
        devices: [{ id: "guid", idType: "class" }],
        credentialSpec: "{}",
        ignoreFlushesDuringBoot: true,
        annotations: { a: "b" },
      }),
      {
        ociVersion: "1.3.0",
        process: {
          args: ["cmd"],
          env: ["A=1"],
          cwd: "D:\\work",
          terminal: true,
          consoleSize: { width: 80, height: 24 },
          user: { username: "ContainerUser" },
        },
        root: { path: "\\\\?\\Volume{4c1b02c1-d990-11dc-99ae-806e6f6e6963}\\" },
        hostname: "web",
        mounts: [
          { destination: "C:\\a", source: "C:\\b" },
          { destination: "C:\\d", source: "C:\\c", options: ["ro"] },
          { destination: "\\\\.\\pipe\\y", source: "\\\\.\\pipe\\x", options: ["rw"] },
        ],
        annotations: { a: "b" },
        windows: {
          layerFolders: ["C:\\1", "C:\\rw"],
          devices: [{ id: "guid", idType: "class" }],
          resources: { memory: { limit: 2n ** 33n }, cpu: { maximum: 1250 } },
          credentialSpec: "{}",
          ignoreFlushesDuringBoot: true,
          network: {
            networkNamespace: "ns",
            endpointList: ["e"],
            DNSSearchList: ["example.org"],
            allowUnqualifiedDNSQuery: true,
            networkSharedContainerName: "other",
          },
        },
      },
    );
  });

  for (
    const [options, field] of [
      [{}, "args"],
      [{ args: ["cmd"], commandLine: "cmd" }, "commandLine"],
      [{ args: [] }, "args"],
      [{ commandLine: 5 }, "commandLine"],
      [{ args: ["cmd"], cwd: "temp" }, "cwd"],
      [{ args: ["cmd"], isolation: "vm" }, "isolation"],
      [{ args: ["cmd"], utilityVmPath: "C:\\uvm" }, "utilityVmPath"],
      [{ args: ["cmd"], isolation: "hyperv", rootfs: "C:\\" }, "rootfs"],
      [{ args: ["cmd"], isolation: "hyperv", devices: [{ id: "a", idType: "b" }] }, "devices"],
      [{ args: ["cmd"], layerFolders: ["layer"] }, "layerFolders[0]"],
      [{ args: ["cmd"], binds: [{ source: "a", destination: "C:\\" }] }, "binds[0].source"],
      [{ args: ["cmd"], network: { endpoints: "e" } }, "network.endpoints"],
      [{ args: ["cmd"], resources: { cpuShares: 0 } }, "resources.cpuShares"],
      [{ args: ["cmd"], resources: { cpuCount: 1, cpuShares: 5 } }, "resources.cpuShares"],
      [{ args: ["cmd"], readonlyRootfs: true }, "readonlyRootfs"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assertRefused(
        () => windowsSpec(options as unknown as WindowsSpecOptions),
        `options.${field}`,
      );
    });
  }
});

describe("windowsProcessSpec()", () => {
  it("is like the process of a container but for its command and terminal", () => {
    const like = windowsSpec({
      args: ["server"],
      terminal: true,
      username: "ContainerUser",
      cwd: "D:\\",
      env: ["A=1"],
    });
    assert.deepEqual(windowsProcessSpec({ commandLine: "cmd", like, env: { B: "2" } }), {
      commandLine: "cmd",
      cwd: "D:\\",
      user: { username: "ContainerUser" },
      env: ["A=1", "B=2"],
    });
  });
  it("refuses a process without a command", () => {
    assertRefused(() => windowsProcessSpec({}), "options.args");
  });
});

describe("windowsResources()", () => {
  it("describes every limit", () => {
    assert.deepEqual(
      windowsResources({
        memoryLimitBytes: 1,
        cpuCount: 2,
        cpuAffinity: [{ mask: 3n, group: 0 }],
        storageOperationsPerSecond: 4,
        storageBytesPerSecond: 5,
        sandboxSizeBytes: 6,
      }),
      {
        memory: { limit: 1 },
        cpu: { count: 2, affinity: [{ mask: 3n, group: 0 }] },
        storage: { iops: 4, bps: 5, sandboxSize: 6 },
      },
    );
  });
  for (
    const [options, field] of [
      [{ cpuMaximumPercent: 0 }, "cpuMaximumPercent"],
      [{ cpuMaximumPercent: 101 }, "cpuMaximumPercent"],
      [{ cpuMaximumPercent: NaN }, "cpuMaximumPercent"],
      [{ cpuMaximumPercent: "50" }, "cpuMaximumPercent"],
      [{ cpuCount: 1.5 }, "cpuCount"],
      [{ cpuAffinity: [{ mask: -1 }] }, "cpuAffinity[0].mask"],
      [{ cpus: 1 }, "cpus"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assertRefused(() => windowsResources(options as object), `options.${field}`);
    });
  }
});
