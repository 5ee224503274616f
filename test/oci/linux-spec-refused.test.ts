import { describe, it } from "node:test";
import { linuxSpec, type LinuxSpecOptions } from "../../src/oci/linux-spec.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { assertRefused } from "./refused.ts";

const build = (options: Partial<LinuxSpecOptions> = {}): Spec =>
  linuxSpec({ args: ["sh"], ...options });

describe("linuxSpec()", () => {
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
