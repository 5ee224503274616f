import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { describe, it } from "node:test";
import { encodeSpec } from "../../src/oci/encode.ts";
import { linuxSpec, type LinuxSpecOptions } from "../../src/oci/linux-spec.ts";
import { found, runcDir, sharedRootfs } from "../helpers/cache.ts";
import { mountsBelow } from "../helpers/mounts.ts";

const RUN_BUDGET_MS = 60_000;

/** Runs a container to its end and gives what it wrote, line by line. */
function run(script: string, options: Partial<LinuxSpecOptions> = {}): readonly string[] {
  const spec = linuxSpec({
    args: ["/bin/sh", "-c", script],
    rootfs: found(sharedRootfs),
    readonlyRootfs: true,
    ...options,
  });
  const runc = found(`${runcDir}/runc`);
  const bundle = mkdtempSync(`${tmpdir()}/oci-`);
  const id = `oci-${randomUUID()}`;
  const state = ["--root", `${bundle}/state`];
  try {
    mkdirSync(`${bundle}/rootfs`);
    writeFileSync(`${bundle}/config.json`, encodeSpec(spec));
    const { status, stdout, stderr, error } = spawnSync(
      runc,
      [...state, "run", "--bundle", bundle, id],
      { encoding: "utf8", input: "", timeout: RUN_BUDGET_MS },
    );
    assert.equal(error, undefined);
    assert.equal(status, 0, `${stdout}${stderr}`);
    assert.deepEqual(readdirSync(`${bundle}/rootfs`), []);
    assert.deepEqual(mountsBelow(bundle), []);
    return stdout.trimEnd().split("\n");
  } finally {
    spawnSync(runc, [...state, "delete", "--force", id]);
    rmSync(bundle, { recursive: true });
  }
}

/** The capability sets of a process, as the kernel writes them. */
const CAPABILITIES = "grep -E '^Cap|^NoNew' /proc/self/status | tr '\\t' ' '";

describe("linuxSpec() under runc", {
  skip: process.platform === "linux" && process.getuid?.() === 0
    ? false
    : "runc takes root on Linux",
}, () => {
  it("runs with the default rights", () => {
    assert.deepEqual(run(`id -u; pwd; ${CAPABILITIES}; ulimit -n; cat /proc/net/dev | wc -l`), [
      "0",
      "/",
      "CapInh: 0000000000000000",
      "CapPrm: 00000000a80425fb",
      "CapEff: 00000000a80425fb",
      "CapBnd: 00000000a80425fb",
      "CapAmb: 0000000000000000",
      "NoNewPrivs: 1",
      "1024",
      "3",
    ]);
  });

  it("keeps the root file system and the kernel's files from being written", () => {
    const refused = "2>/dev/null && echo written || echo refused";
    assert.deepEqual(
      run([
        `(: > /new) ${refused}`,
        `(echo 1 > /proc/sys/kernel/pid_max) ${refused}`,
        `(mkdir /sys/new) ${refused}`,
        "wc -c < /proc/keys",
        "ls /sys/firmware | wc -l",
      ].join("\n")),
      ["refused", "refused", "refused", "0", "0"],
    );
  });

  it("applies what it is asked for", () => {
    const script = [
      "id -u; id -g; id -G; hostname; pwd; echo $A; umask",
      CAPABILITIES,
      "ulimit -n; ulimit -c; cat /proc/self/oom_score_adj",
      "grep ' /tmp ' /proc/mounts | grep -o 'noexec\\|size=[0-9]*k'; stat -c '%F %t:%T %a %u' /dev/loop",
      // cgroup v1 has a folder for each controller.
      "cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max",
    ].join("\n");
    const options: Partial<LinuxSpecOptions> = {
      user: { uid: 1000, gid: 1001, additionalGids: [7], umask: 0o27 },
      hostname: "inside",
      cwd: "/tmp",
      env: { A: "b=c" },
      capabilities: { add: ["CAP_NET_ADMIN"], drop: ["CAP_MKNOD"], ambient: ["CAP_NET_ADMIN"] },
      rlimits: { RLIMIT_NOFILE: 512, RLIMIT_CORE: "unlimited" },
      oomScoreAdj: 500,
      // A folder that the root file system has: runc would make another one in it.
      tmpfs: [{ destination: "/tmp", sizeBytes: 65_536 }],
      noNewPrivileges: false,
      devices: [{ path: "/dev/loop", type: "b", major: 7, minor: 5, fileMode: 0o640, uid: 3 }],
      mounts: [{
        destination: "/sys/fs/cgroup",
        type: "cgroup",
        source: "cgroup",
        options: ["ro", "nosuid", "noexec", "nodev"],
      }],
      namespaces: { cgroup: "private" },
      resources: { pidsLimit: 77, memoryLimitBytes: 64n * 1024n ** 2n, cpus: 0.5, cpuShares: 512 },
    };
    assert.deepEqual(run(script, options), [
      "1000",
      "1001",
      "1001 7",
      "inside",
      "/tmp",
      "b=c",
      "0027",
      "CapInh: 0000000000001000",
      "CapPrm: 0000000000001000",
      "CapEff: 0000000000001000",
      "CapBnd: 00000000a00435fb",
      "CapAmb: 0000000000001000",
      "NoNewPrivs: 0",
      "512",
      "unlimited",
      "500",
      "noexec",
      "size=64k",
      "block special file 7:5 640 3",
      "77",
    ]);
  });

  it("runs on the host's own files, which it cannot write", () => {
    const script = `
      test -e "$HOST_FILE" && echo found
      (: > "$FOLDER/new") 2>/dev/null && echo written || echo refused
      (: > /mnt/new) && echo written
      (: > /run/new) && echo written`;
    const folder = mkdtempSync(`${process.cwd()}/.oci-`);
    try {
      const lines = run(script, {
        rootfs: "/",
        readonlyRootfs: true,
        env: { HOST_FILE: "/etc/debian_version", FOLDER: folder },
        tmpfs: [{ destination: "/mnt" }],
      });
      assert.deepEqual(lines, ["found", "refused", "written", "written"]);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("shares the network of the host", () => {
    const host = readlinkSync("/proc/self/ns/net");
    assert.deepEqual(run("readlink /proc/self/ns/net", { network: "host" }), [host]);
    assert.notDeepEqual(run("readlink /proc/self/ns/net"), [host]);
  });
});
