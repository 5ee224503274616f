import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { RuncOptions } from "../../src/runtime-options.ts";
import { withPart } from "./support/bad-specs.ts";
import { BOX, onlyBox, useBox } from "./support/box.ts";
import { leftovers } from "./support/leftovers.ts";
import { RUNC } from "./support/open-client.ts";
import { assertFails, type Refusal } from "./support/refusals.ts";
import { execOf, sleeper, specOf } from "./support/specs.ts";

const box = useBox();

describe("what the daemon refuses", () => {
  const cases: Readonly<Record<string, Refusal & { readonly call: () => unknown }>> = {
    "create() of an id that is in use": {
      code: "conflict",
      call: () => box.client.create(BOX, sleeper(), RUNC),
    },
    "create() of a container whose root is an empty folder": {
      code: "invalid_argument",
      field: "spec.root.path",
      text: /give linuxSpec\(\) a rootfs, or create\(\) a snapshot/,
      call: () => box.client.create("rootless", linuxSpec({ args: ["true"] }), RUNC),
    },
    "updateResources() to processors that there are not": {
      code: "invalid_argument",
      call: () => box.client.updateResources(BOX, { cpu: { cpus: "9000" } }),
    },
    "createCheckpoint() with its options in place of the folder": {
      code: "invalid_argument",
      field: "directory",
      call: () => box.client.createCheckpoint(BOX, { exit: true } as never),
    },
    "createCheckpoint() without a folder": {
      code: "invalid_argument",
      field: "directory",
      call: () => box.client.createCheckpoint(BOX, "", { exit: true }),
    },
    "exec() with a logger that is missing": {
      code: "invalid_argument",
      text: /\/no\/such\/logger/,
      call: () =>
        box.client.exec(BOX, "logged", execOf("true"), {
          stdio: { stdout: { uri: "binary:///no/such/logger" } },
        }),
    },
    "start() of a container that is missing": {
      code: "not_found",
      call: () => box.client.start("missing"),
    },
    "restore() of a container that is missing": {
      code: "not_found",
      call: () => box.client.restore("missing"),
    },
    "delete() of a container that is missing": {
      code: "not_found",
      call: () => box.client.delete("missing"),
    },
    "delete() with force of a container that is missing": {
      code: "not_found",
      call: () => box.client.delete("missing", { force: true }),
    },
    "start() of a container that runs": {
      code: "already_exists",
      call: () => box.client.start(BOX),
    },
    "start() of a container that runs, with streams": {
      code: "already_exists",
      call: () => box.client.start(BOX, { stdio: { stdout: "piped" } }),
    },
    "delete() of a container that runs": {
      code: "failed_precondition",
      call: () => box.client.delete(BOX),
    },
    "deleteTask() of a container that runs": {
      code: "failed_precondition",
      call: () => box.client.deleteTask(BOX),
    },
    "status() of a process that is missing": {
      code: "not_found",
      call: () => box.client.status(BOX, "missing"),
    },
    "signalProcess() of a process that is missing": {
      code: "not_found",
      call: () => box.client.signalProcess(BOX, "missing", "TERM"),
    },
    "wait() for a process that is missing": {
      code: "not_found",
      call: () => box.client.wait(BOX, "missing"),
    },
    "resizeTerminal() without a terminal": {
      code: "failed_precondition",
      call: () => box.client.resizeTerminal(BOX, "init", { columns: 80, rows: 24 }),
    },
    "resume() of a container that is not paused": {
      code: "failed_precondition",
      call: () => box.client.resume(BOX),
    },
    "listContainers() with a text for its filters": {
      code: "invalid_argument",
      field: "filters",
      call: () =>
        box.client.listContainers({ filters: "id==a" as never })[Symbol.asyncIterator]().next(),
    },
    "listContainers() with a filter that is none": {
      code: "invalid_argument",
      call: async () => {
        for await (const _ of box.client.listContainers({ filters: ["=="] })) {
          assert.fail("yielded a container");
        }
      },
    },
  };
  for (const [name, { call, ...refusal }] of Object.entries(cases)) {
    it(`${name} is ${refusal.code}`, async () => {
      const { message } = await assertFails(call, refusal);
      assert.doesNotMatch(message, /: unknown$|\n/);
      assert.deepEqual(await leftovers(box.daemon), onlyBox);
    });
  }

  const starts: Readonly<
    Record<
      string,
      Refusal & {
        readonly spec?: unknown;
        readonly shim?: string;
        readonly runtimeOptions?: RuncOptions;
        readonly exitCode?: number;
      }
    >
  > = {
    "a missing command": {
      code: "invalid_argument",
      exitCode: 127,
      spec: specOf("/no/such/command"),
    },
    "a missing command on the PATH": {
      code: "invalid_argument",
      exitCode: 127,
      spec: specOf("nope"),
    },
    "a folder as a command": { code: "invalid_argument", exitCode: 126, spec: specOf("/etc") },
    "a shim that is missing": {
      code: "not_found",
      text: /io\.example\.nope\.v1/,
      shim: "io.example.nope.v1",
    },
    "a shim that is missing, by its path": {
      code: "not_found",
      text: /\/no\/such\/shim/,
      shim: "/no/such/shim",
    },
    "an OCI runtime that is missing": {
      code: "not_found",
      text: /\/no\/such\/runc/,
      runtimeOptions: { binaryName: "/no/such/runc" },
    },
    "an OCI runtime that is missing on the PATH": {
      code: "not_found",
      text: /"no-such-runc"/,
      runtimeOptions: { binaryName: "no-such-runc" },
    },
    "a root that is missing": {
      code: "not_found",
      text: /\/no\/such\/root/,
      spec: withPart(sleeper(), "root.path", "/no/such/root"),
    },
    "a file system that is unknown": {
      code: "invalid_argument",
      text: /no such device/,
      spec: withPart(sleeper(), "mounts", [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/mnt", type: "nopefs", source: "nope" },
      ]),
    },
    "a mount that is missing": {
      code: "invalid_argument",
      text: /\/no\/such\/source/,
      spec: withPart(sleeper(), "mounts", [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/mnt", type: "bind", source: "/no/such/source", options: ["bind"] },
      ]),
    },
    "a network namespace that is missing": {
      code: "invalid_argument",
      text: /\/no\/such\/netns/,
      spec: withPart(sleeper(), "linux.namespaces", [
        { type: "mount" },
        { type: "network", path: "/no/such/netns" },
      ]),
    },
    "a kernel parameter of the host": {
      code: "invalid_argument",
      text: /vm\.swappiness/,
      spec: withPart(sleeper(), "linux.sysctl", { "vm.swappiness": "1" }),
    },
    "a user that runc refuses": {
      code: "invalid_argument",
      text: /uids and gids must be in range/,
      spec: withPart(sleeper(), "process.user", { uid: 2 ** 31, gid: 0 }),
    },
    "a memory limit that nothing fits in": {
      code: "invalid_argument",
      text: /memory/,
      spec: withPart(sleeper(), "linux.resources", { memory: { limit: 1024 } }),
    },
    "a hook that fails": {
      code: "failed_precondition",
      text: /hook/,
      spec: withPart(sleeper(), "hooks", { createRuntime: [{ path: "/bin/false" }] }),
    },
    "a root that is a file": {
      code: "invalid_argument",
      text: /\/etc\/passwd|not a directory/,
      spec: withPart(sleeper(), "root.path", "/etc/passwd"),
    },
  };
  for (
    const [
      name,
      { spec = sleeper(), shim = RUNC, runtimeOptions, exitCode, ...refusal },
    ] of Object.entries(starts)
  ) {
    it(`start() with ${name} is ${refusal.code}, and leaves only the container`, async () => {
      await box.client.create("failing", spec as never, shim, { runtimeOptions });
      try {
        const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
        const error = await assertFails(() => box.client.start("failing", { stdio }), refusal);
        assert.equal(error.exitCode, exitCode);
        assert.equal(error.containerId, "failing");
        assert.doesNotMatch(error.message, /: unknown$|\n/);
        assert.deepEqual(await leftovers(box.daemon), {
          ...onlyBox,
          containers: [BOX, "failing"],
        });
      } finally {
        await box.client.delete("failing", { force: true });
      }
    });
  }

  for (
    const [name, process, exitCode] of [
      ["a missing command", execOf("nope"), 127],
      ["a folder as a command", execOf("/etc"), 126],
      ["a folder that is missing", { ...execOf("true"), cwd: "/no/such/folder" }, 127],
      [
        "a user that runc refuses",
        processSpec({ args: ["true"], user: { uid: 2 ** 31 } }),
        undefined,
      ],
    ] as const
  ) {
    it(`exec() of ${name} leaves nothing, and its id is free`, async () => {
      const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
      await assert.rejects(box.client.exec(BOX, "failing", process, { stdio }), (error) => {
        assert.ok(isContainerError(error), `not a ContainerError: ${error}`);
        assert.equal(error.exitCode, exitCode);
        assert.equal(error.containerId, BOX);
        assert.equal(error.processId, "failing");
        return true;
      });
      const status = await (await box.client.exec(BOX, "failing", execOf("true"))).wait();
      assert.equal(status.state === "exited" && status.code, 0);
      assert.deepEqual(await leftovers(box.daemon), onlyBox);
    });
  }
});
