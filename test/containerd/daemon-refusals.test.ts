import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
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
      await assertFails(call, refusal);
      assert.deepEqual(await leftovers(box.daemon), onlyBox);
    });
  }

  const starts: Readonly<
    Record<string, Refusal & { readonly spec?: unknown; readonly shim?: string; exitCode?: number }>
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
      code: ["not_found", "unknown"],
      text: /io\.example\.nope\.v1/,
      shim: "io.example.nope.v1",
    },
    "a shim that is missing, by its path": {
      code: ["not_found", "unknown"],
      text: /\/no\/such\/shim/,
      shim: "/no/such/shim",
    },
    "a root that is missing": {
      code: ["not_found", "unknown"],
      text: /\/no\/such\/root/,
      spec: withPart(sleeper(), "root.path", "/no/such/root"),
    },
    "a root that is a file": {
      code: ["invalid_argument", "unknown"],
      text: /\/etc\/passwd|not a directory/,
      spec: withPart(sleeper(), "root.path", "/etc/passwd"),
    },
  };
  for (
    const [name, { spec = sleeper(), shim = RUNC, exitCode, ...refusal }] of Object.entries(starts)
  ) {
    it(`start() with ${name} is ${[refusal.code].flat()[0]}, and leaves only the container`, async () => {
      await box.client.create("failing", spec as never, shim);
      try {
        const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
        const error = await assertFails(() => box.client.start("failing", { stdio }), refusal);
        assert.equal(error.exitCode, exitCode);
        assert.equal(error.containerId, "failing");
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
