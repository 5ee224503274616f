import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec, type ProcessSpecOptions } from "../../src/oci/process-spec.ts";
import { assertRefused } from "./refused.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const build = (options: Partial<ProcessSpecOptions>) => processSpec({ args: ["ls"], ...options });

describe("processSpec()", () => {
  it("has the defaults of the first process of a container", () => {
    assert.deepEqual(build({}), linuxSpec({ args: ["ls"] }).process);
  });

  it("adds to and takes from the environment", () => {
    assert.deepEqual(build({ env: ["A=1", "A=2", "B=x=y"] }).env, [PATH, "A=2", "B=x=y"]);
    assert.deepEqual(build({ env: { A: "1", B: "", C: undefined } }).env, [PATH, "A=1", "B="]);
    assert.deepEqual(build({ env: { PATH: "/bin" } }).env, ["PATH=/bin"]);
    assert.deepEqual(build({ env: { PATH: null, A: "1" } }).env, ["A=1"]);
  });

  it("names the terminal in the environment, if nobody else does", () => {
    assert.deepEqual(build({ terminal: true }).env, [PATH, "TERM=xterm"]);
    assert.deepEqual(build({ terminal: true, env: { TERM: "vt100" } }).env, [PATH, "TERM=vt100"]);
  });

  it("turns columns and rows into width and height", () => {
    const process = build({ terminal: true, consoleSize: { columns: 80, rows: 24 } });
    assert.deepEqual(process.consoleSize, { width: 80, height: 24 });
  });

  it("puts the user's own group among the additional ones", () => {
    assert.deepEqual(build({ user: { uid: 1000 } }).user, {
      uid: 1000,
      gid: 0,
      additionalGids: [0],
    });
    assert.deepEqual(build({ user: { gid: 5, additionalGids: [7, 5], umask: 0o27 } }).user, {
      uid: 0,
      gid: 5,
      additionalGids: [5, 7],
      umask: 0o27,
    });
  });

  it("changes capabilities", () => {
    const all = build({ capabilities: "all" }).capabilities;
    assert.equal(all?.bounding?.length, 41);
    const exact = build({ capabilities: ["CAP_KILL"] }).capabilities;
    assert.deepEqual(exact, {
      bounding: ["CAP_KILL"],
      effective: ["CAP_KILL"],
      permitted: ["CAP_KILL"],
    });
    assert.deepEqual(build({ capabilities: [] }).capabilities, {
      bounding: [],
      effective: [],
      permitted: [],
    });
    const changed = build({
      capabilities: {
        add: ["CAP_SYS_TIME", "CAP_KILL"],
        drop: ["CAP_MKNOD"],
        ambient: ["CAP_SYS_TIME"],
      },
    }).capabilities;
    assert.equal(changed?.effective?.length, 14);
    assert.ok(changed?.bounding?.includes("CAP_SYS_TIME"));
    assert.ok(!changed?.permitted?.includes("CAP_MKNOD"));
    assert.deepEqual(changed?.ambient, ["CAP_SYS_TIME"]);
    assert.deepEqual(changed?.inheritable, ["CAP_SYS_TIME"]);
  });

  it("replaces a default limit and adds others", () => {
    const { rlimits } = build({
      rlimits: {
        RLIMIT_CORE: "unlimited",
        RLIMIT_NOFILE: 4096,
        RLIMIT_NPROC: { soft: 1, hard: 2n },
        RLIMIT_CPU: undefined,
      },
    });
    assert.deepEqual(rlimits, [
      { type: "RLIMIT_NOFILE", soft: 4096, hard: 4096 },
      { type: "RLIMIT_CORE", soft: 18446744073709551615n, hard: 18446744073709551615n },
      { type: "RLIMIT_NPROC", soft: 1, hard: 2n },
    ]);
  });

  const like = linuxSpec({
    args: ["server"],
    env: { A: "1" },
    cwd: "/srv",
    user: { uid: 7 },
    terminal: true,
    consoleSize: { columns: 80, rows: 24 },
    capabilities: ["CAP_KILL"],
    rlimits: { RLIMIT_NOFILE: 9 },
    noNewPrivileges: false,
    apparmorProfile: "profile",
    selinuxLabel: "label",
    oomScoreAdj: 3,
  });
  it("is like the process of a container but for its arguments and terminal", () => {
    const { terminal: _, consoleSize: __, ...rest } = like.process ?? { cwd: "" };
    assert.deepEqual(processSpec({ args: ["ls"], like }), { ...rest, args: ["ls"] });
    assert.deepEqual(processSpec({ args: ["ls"], like: like.process }), { ...rest, args: ["ls"] });
  });
  it("goes before what it is like", () => {
    const process = processSpec({
      args: ["ls"],
      like,
      env: { A: "2" },
      cwd: "/",
      user: { uid: 8 },
      capabilities: { add: ["CAP_CHOWN"] },
      noNewPrivileges: true,
      oomScoreAdj: 0,
    });
    assert.deepEqual(process.env, [PATH, "A=2", "TERM=xterm"]);
    assert.equal(process.cwd, "/");
    assert.equal(process.user?.uid, 8);
    assert.deepEqual(process.capabilities?.effective, ["CAP_KILL", "CAP_CHOWN"]);
    assert.equal(process.noNewPrivileges, true);
    assert.equal(process.oomScoreAdj, 0);
    assert.equal(process.apparmorProfile, "profile");
  });
  it("has the defaults where it is like a spec without a process", () => {
    assert.deepEqual(processSpec({ args: ["ls"], like: { ociVersion: "1.3.0" } }), build({}));
  });

  for (
    const [options, field] of [
      [{}, "args"],
      [{ args: ["ls"], like: 5 }, "like"],
      [{ args: ["ls"], cwd: "" }, "cwd"],
      [{ args: ["ls"], tty: true }, "tty"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assertRefused(
        () => processSpec(options as unknown as ProcessSpecOptions),
        `options.${field}`,
      );
    });
  }
});
