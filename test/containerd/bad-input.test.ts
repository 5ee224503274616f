import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { containerd } from "../../plugins/containerd/mod.ts";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { isContainerError } from "../../src/errors.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import { Registry } from "../../src/registry.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { badProcessParts, badResourceParts, badSpecParts, withPart } from "./support/bad-specs.ts";
import { type Leftovers, leftovers, NOTHING } from "./support/leftovers.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { assertFails, type Refusal } from "./support/refusals.ts";
import { RpcGate } from "./support/rpc-gate.ts";
import { execOf, sleeper, specOf } from "./support/specs.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

const BOX = "box";
let daemon: Daemon;
let gate: RpcGate;
let client: Client;
let folder: string;

before(async () => {
  folder = mkdtempSync("/tmp/lcbad-");
  daemon = await startDaemon();
  gate = new RpcGate();
  client = openClient(daemon, { interceptors: [gate.interceptor] });
  await client.create(BOX, sleeper(), RUNC);
  await client.start(BOX);
});
after(async () => {
  await client?.[Symbol.asyncDispose]();
  await daemon?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const onlyBox: Leftovers = { ...NOTHING, containers: [BOX], tasks: [BOX], bundles: [BOX] };

/** A call is refused, and the daemon never hears of it. */
function refused(name: string, field: string, call: () => unknown): void {
  it(name, async () => {
    const sent = gate.calls.length;
    const error = await assertFails(call, { code: "invalid_argument", field });
    assert.deepEqual(gate.calls.slice(sent), []);
    assert.ok(error.message.length < 1000, "message is too long");
  });
}

const show = (value: unknown): string =>
  typeof value === "string" && value.length > 20 ? `${value.length} characters` : inspect(value);
function inspect(value: unknown): string {
  return typeof value === "bigint" || typeof value === "number" || value === undefined
    ? String(value)
    : JSON.stringify(value, (_, each) => typeof each === "bigint" ? String(each) : each);
}

const badIds: readonly unknown[] = [
  "",
  ".",
  "..",
  "...",
  "a/b",
  "../a",
  "/a",
  "a\\b",
  "-a",
  "a-",
  "a..b",
  "a b",
  "a\n",
  "a\0",
  "ü",
  "容器",
  "a".repeat(77),
  undefined,
  null,
  42,
  ["a"],
  {},
];

describe("create() with bad input", () => {
  for (const id of badIds) {
    refused(
      `create() refuses id ${show(id)}`,
      "containerId",
      () => client.create(id as never, sleeper(), RUNC),
    );
  }

  for (const spec of [undefined, null, 42, "sh", [], new Date(), new Map()]) {
    refused(
      `create() refuses ${Object.prototype.toString.call(spec)} as a spec`,
      "spec",
      () => client.create("a", spec as never, RUNC),
    );
  }
  for (const [path, value, field = path] of badSpecParts) {
    refused(
      `create() refuses ${path} ${show(value)}`,
      `spec.${field}`,
      () => client.create("a", withPart(sleeper(), path, value) as never, RUNC),
    );
  }
  for (const [path, value, field = path] of badProcessParts) {
    refused(
      `create() refuses process.${path} ${show(value)}`,
      `spec.process.${field}`,
      () => client.create("a", withPart(sleeper(), `process.${path}`, value) as never, RUNC),
    );
  }
  for (const [path, value, field = path] of badResourceParts) {
    const at = "linux.resources";
    refused(
      `create() refuses ${at}.${path} ${show(value)}`,
      `spec.${at}.${field}`,
      () => client.create("a", withPart(sleeper(), `${at}.${path}`, value) as never, RUNC),
    );
  }

  for (
    const shim of [
      "",
      "runc",
      ".",
      "..",
      ".runc.v2",
      "io.containerd.",
      "io..v2",
      "a/b.c",
      "./shim",
      "../shim.v1",
      "/",
      "/bin/",
      "io.containerd runc.v2",
      "io.containerd.\0",
      null,
      5,
    ]
  ) {
    refused(
      `create() refuses shim ${show(shim)}`,
      "shim",
      () => client.create("a", sleeper(), shim as never),
    );
  }

  for (
    const [options, field] of [
      ["systemdCgroup", "runtimeOptions"],
      [null, "runtimeOptions"],
      [[], "runtimeOptions"],
      [{ systemdCgroups: true }, "runtimeOptions.systemdCgroups"],
      [{ systemdCgroup: "yes" }, "runtimeOptions.systemdCgroup"],
      [{ ioUid: -1 }, "runtimeOptions.ioUid"],
      [{ ioUid: 2 ** 32 }, "runtimeOptions.ioUid"],
      [{ ioUid: 1n }, "runtimeOptions.ioUid"],
      [{ binaryName: 5 }, "runtimeOptions.binaryName"],
      [{ binaryName: "a\0" }, "runtimeOptions.binaryName"],
      [{ value: new Uint8Array() }, "runtimeOptions.typeUrl"],
      [{ typeUrl: "a", value: "b" }, "runtimeOptions.value"],
    ] as const
  ) {
    refused(
      `create() refuses runtime options ${show(options)}`,
      field,
      () => client.create("a", sleeper(), RUNC, { runtimeOptions: options as never }),
    );
  }

  for (
    const [labels, field] of [
      ["app", "labels"],
      [["app"], "labels"],
      [5, "labels"],
      [{ "": "x" }, 'labels[""]'],
      [{ app: 5 }, 'labels["app"]'],
      [{ app: null }, 'labels["app"]'],
      [{ app: "x".repeat(4094) }, 'labels["app"]'],
      [{ app: "ä".repeat(2047) }, 'labels["app"]'],
      [{ ["k".repeat(4097)]: "" }, `labels["${"k".repeat(64)}"]`],
    ] as const
  ) {
    refused(
      `create() refuses labels ${show(labels).slice(0, 40)}`,
      field,
      () => client.create("a", sleeper(), RUNC, { labels: labels as never }),
    );
  }

  for (
    const [options, field] of [
      [{ image: 5 }, "image"],
      [{ image: "a\0" }, "image"],
      [{ snapshot: "key" }, "snapshot"],
      [{ snapshot: { key: "a" } }, "snapshot.snapshotter"],
      [{ snapshot: { snapshotter: "native", key: 5 } }, "snapshot.key"],
      [{ extensions: [] }, "extensions"],
      [{ extensions: { a: "b" } }, "extensions.a"],
      [{ extensions: { a: { value: new Uint8Array() } } }, "extensions.a.typeUrl"],
      [{ extensions: { a: { typeUrl: "t", value: "b" } } }, "extensions.a.value"],
      [{ replace: "yes" }, "replace"],
    ] as const
  ) {
    refused(
      `create() refuses ${show(options)}`,
      field,
      () => client.create("a", sleeper(), RUNC, options as never),
    );
  }

  it("create() accepts an id of 76 characters and a label of 4096 bytes", async () => {
    const id = "a".repeat(76);
    await client.create(id, sleeper(), RUNC, { labels: { app: "x".repeat(4093) } });
    await client.delete(id);
  });
});

describe("the ids of every call", () => {
  const calls: Readonly<Record<string, (id: string, processId: string) => unknown>> = {
    signalProcess: (id, processId) => client.signalProcess(id, processId, 9),
    resizeTerminal: (id, processId) =>
      client.resizeTerminal(id, processId, { columns: 80, rows: 24 }),
    closeStdin: (id, processId) => client.closeStdin(id, processId),
    status: (id, processId) => client.status(id, processId),
    wait: (id, processId) => client.wait(id, processId),
    exec: (id, processId) => client.exec(id, processId, execOf("true")),
  };
  const containerCalls: typeof calls = {
    ...calls,
    start: (id) => client.start(id),
    restore: (id) => client.restore(id),
    "restore with a shim": (id) => client.restore(id, { shim: RUNC }),
    run: (id) => client.run(id, sleeper(), RUNC),
    pause: (id) => client.pause(id),
    resume: (id) => client.resume(id),
    stats: (id) => client.stats(id),
    listPids: (id) => client.listPids(id),
    summary: (id) => client.summary(id),
    updateResources: (id) => client.updateResources(id, {}),
    createCheckpoint: (id) => client.createCheckpoint(id, "/tmp/x"),
    deleteTask: (id) => client.deleteTask(id),
    delete: (id) => client.delete(id),
    "delete with force": (id) => client.delete(id, { force: true }),
  };
  for (const [name, call] of Object.entries(containerCalls)) {
    for (const id of ["a/b", "", 42]) {
      refused(
        `${name} refuses container id ${show(id)}`,
        "containerId",
        () => call(id as never, "more"),
      );
    }
  }
  for (const [name, call] of Object.entries(calls)) {
    for (const id of ["a/b", "", 42]) {
      refused(`${name} refuses process id ${show(id)}`, "processId", () => call(BOX, id as never));
    }
  }
  for (const id of ["init", ...badIds]) {
    refused(
      `exec() refuses process id ${show(id)}`,
      "processId",
      () => client.exec(BOX, id as never, execOf("true")),
    );
  }
});

describe("exec() with bad input", () => {
  for (const process of [undefined, null, "sh", ["sh"]]) {
    refused(
      `exec() refuses ${show(process)} as a process`,
      "process",
      () => client.exec(BOX, "a", process as never),
    );
  }
  for (const [path, value, field = path] of badProcessParts) {
    refused(
      `exec() refuses ${path} ${show(value)}`,
      `process.${field}`,
      () => client.exec(BOX, "a", withPart(execOf("true"), path, value) as never),
    );
  }
});

describe("signalProcess() with bad input", () => {
  const signals = ["SIGFOO", "", "SIG", "TERM ", "0", "65", 0, -1, 32, 65, 1.5, NaN, null, {}];
  for (const signal of signals) {
    refused(
      `signalProcess() refuses ${show(signal)}`,
      "signal",
      () => client.signalProcess(BOX, "init", signal as never),
    );
  }
  it("signalProcess() that is refused leaves the container running", async () => {
    assert.equal((await client.status(BOX)).state, "running");
  });
});

describe("resizeTerminal() with bad input", () => {
  for (const value of [0, -1, NaN, Infinity, 1.5, 65536, 2 ** 32, "80", 80n, null, undefined]) {
    refused(
      `resizeTerminal() refuses ${show(value)} columns`,
      "columns",
      () => client.resizeTerminal(BOX, "init", { columns: value as never, rows: 24 }),
    );
    refused(
      `resizeTerminal() refuses ${show(value)} rows`,
      "rows",
      () => client.resizeTerminal(BOX, "init", { columns: 80, rows: value as never }),
    );
  }
  refused(
    "resizeTerminal() refuses no size",
    "columns",
    () => client.resizeTerminal(BOX, "init", undefined as never),
  );
});

describe("updateResources() with bad input", () => {
  for (const resources of [undefined, null, 5, []]) {
    refused(
      `updateResources() refuses ${show(resources)}`,
      "resources",
      () => client.updateResources(BOX, resources as never),
    );
  }
  for (const [path, value, field = path] of badResourceParts) {
    refused(
      `updateResources() refuses ${path} ${show(value)}`,
      `resources.${field}`,
      () => client.updateResources(BOX, withPart({}, path, value) as never),
    );
  }
});

describe("stdio with bad input", () => {
  const cases: readonly (readonly [stdio: unknown, field: string])[] = [
    [5, "stdio"],
    ["piped", "stdio"],
    [["piped"], "stdio"],
    [{ output: "piped" }, "stdio.output"],
    [{ stdin: "pipe" }, "stdio.stdin"],
    [{ stdin: null }, "stdio.stdin"],
    [{ stdin: {} }, "stdio.stdin"],
    [{ stdin: { file: "/no/such/file" } }, "stdio.stdin"],
    [{ stdin: { file: "relative" } }, "stdio.stdin"],
    [{ stdin: { file: "/tmp" } }, "stdio.stdin"],
    [{ stdin: new WritableStream() }, "stdio.stdin"],
    [{ stdout: true }, "stdio.stdout"],
    [{ stdout: { file: "relative" } }, "stdio.stdout"],
    [{ stdout: { file: "/no/such/folder/file" } }, "stdio.stdout"],
    [{ stdout: { uri: "no uri" } }, "stdio.stdout"],
    [{ stdout: { uri: 5 } }, "stdio.stdout"],
    [{ stdout: new ReadableStream() }, "stdio.stdout"],
    [{ stderr: { uri: "file:///tmp/x" } }, "stdio.stderr"],
  ];
  before(async () => {
    await client.create("quiet", specOf("true"), RUNC);
  });
  after(async () => {
    await client.delete("quiet");
    assert.deepEqual(await leftovers(daemon), onlyBox);
  });
  for (const [stdio, field] of cases) {
    const text = JSON.stringify(stdio);
    refused(
      `start() refuses stdio ${text} (${field})`,
      field,
      () => client.start("quiet", { stdio: stdio as never }),
    );
    refused(
      `exec() refuses stdio ${text} (${field})`,
      field,
      () => client.exec(BOX, "a", execOf("true"), { stdio: stdio as never }),
    );
  }
  refused(
    "exec() refuses stderr with a terminal",
    "stdio.stderr",
    () =>
      client.exec(BOX, "a", processSpec({ args: ["true"], terminal: true }), {
        stdio: { stdout: "piped", stderr: "piped" },
      }),
  );
});

describe("options with bad input", () => {
  const rpc = grpc({ address: "/tmp/x.sock" });
  for (const namespace of ["", "a/b", "..", "a".repeat(77), 5, null]) {
    it(`containerd() refuses namespace ${show(namespace)}`, async () => {
      await assertFails(() => containerd({ rpc, namespace: namespace as never }), {
        code: "invalid_argument",
        field: "namespace",
      });
    });
  }
  for (const value of [-1, NaN, "2000", null]) {
    it(`containerd() refuses drainBudgetMs ${show(value)}`, async () => {
      await assertFails(() => containerd({ rpc, drainBudgetMs: value as never }), {
        code: "invalid_argument",
        field: "drainBudgetMs",
      });
    });
  }
  for (const name of ["", "runc", "a/b.c", ".a.b"]) {
    it(`new Registry() refuses shim ${show(name)}`, async () => {
      await assertFails(() => new Registry({ [name]: containerd({ rpc }) }), {
        code: "invalid_argument",
        field: "shim",
      });
    });
  }

  const address = "/tmp/x.sock";
  const long = `/tmp/${"x".repeat(103)}`;
  const cases: readonly (readonly [options: GrpcOptions, field: string])[] = [
    [{ address: "" }, "address"],
    [{ address: "containerd.sock" }, "address"],
    [{ address: "./containerd.sock" }, "address"],
    [{ address: "gopher://host" }, "address"],
    [{ address: "npipe:////./pipe/containerd" }, "address"],
    [{ address: "unix://host/path" }, "address"],
    [{ address: "unix:///" }, "address"],
    [{ address: "/tmp/" }, "address"],
    [{ address: "unix:///tmp/a%00b" }, "address"],
    [{ address: long }, "address"],
    [{ address: `unix://${long}` }, "address"],
    [{ address: "tcp://host" }, "address"],
    [{ address: "tcp://host:99999" }, "address"],
    [{ address, maxMessageBytes: 0 }, "maxMessageBytes"],
    [{ address, maxMessageBytes: 1.5 }, "maxMessageBytes"],
    [{ address, connectTimeoutMs: NaN }, "connectTimeoutMs"],
    [{ address, connectTimeoutMs: 2 ** 31 }, "connectTimeoutMs"],
    [{ address, healthIntervalMs: -1 }, "healthIntervalMs"],
    [{ address, healthMisses: 0 }, "healthMisses"],
  ];
  for (const [options, field] of cases) {
    it(`grpc() refuses ${JSON.stringify(options).slice(0, 60)}`, async () => {
      const other = new Client(new Registry({}, { fallback: containerd({ rpc: grpc(options) }) }));
      try {
        for (let attempt = 0; attempt < 2; attempt++) {
          await assertFails(() => other.version(), { code: "invalid_argument", field });
        }
      } finally {
        await other[Symbol.asyncDispose]();
      }
    });
  }
});

describe("what the daemon refuses", () => {
  const cases: Readonly<Record<string, Refusal & { readonly call: () => unknown }>> = {
    "create() of an id that is in use": {
      code: "conflict",
      call: () => client.create(BOX, sleeper(), RUNC),
    },
    "start() of a container that is missing": {
      code: "not_found",
      call: () => client.start("missing"),
    },
    "restore() of a container that is missing": {
      code: "not_found",
      call: () => client.restore("missing"),
    },
    "delete() of a container that is missing": {
      code: "not_found",
      call: () => client.delete("missing"),
    },
    "delete() with force of a container that is missing": {
      code: "not_found",
      call: () => client.delete("missing", { force: true }),
    },
    "start() of a container that runs": {
      code: "already_exists",
      call: () => client.start(BOX),
    },
    "start() of a container that runs, with streams": {
      code: "already_exists",
      call: () => client.start(BOX, { stdio: { stdout: "piped" } }),
    },
    "delete() of a container that runs": {
      code: "failed_precondition",
      call: () => client.delete(BOX),
    },
    "deleteTask() of a container that runs": {
      code: "failed_precondition",
      call: () => client.deleteTask(BOX),
    },
    "status() of a process that is missing": {
      code: "not_found",
      call: () => client.status(BOX, "missing"),
    },
    "signalProcess() of a process that is missing": {
      code: "not_found",
      call: () => client.signalProcess(BOX, "missing", "TERM"),
    },
    "wait() for a process that is missing": {
      code: "not_found",
      call: () => client.wait(BOX, "missing"),
    },
    "resizeTerminal() without a terminal": {
      code: "failed_precondition",
      call: () => client.resizeTerminal(BOX, "init", { columns: 80, rows: 24 }),
    },
    "resume() of a container that is not paused": {
      code: "failed_precondition",
      call: () => client.resume(BOX),
    },
    "listContainers() with a filter that is none": {
      code: "invalid_argument",
      call: async () => {
        for await (const _ of client.listContainers({ filters: ["=="] })) {
          assert.fail("yielded a container");
        }
      },
    },
  };
  for (const [name, { call, ...refusal }] of Object.entries(cases)) {
    it(`${name} is ${refusal.code}`, async () => {
      await assertFails(call, refusal);
      assert.deepEqual(await leftovers(daemon), onlyBox);
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
      await client.create("failing", spec as never, shim);
      try {
        const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
        const error = await assertFails(() => client.start("failing", { stdio }), refusal);
        assert.equal(error.exitCode, exitCode);
        assert.equal(error.containerId, "failing");
        assert.deepEqual(await leftovers(daemon), {
          ...onlyBox,
          containers: [BOX, "failing"],
        });
      } finally {
        await client.delete("failing", { force: true });
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
      await assert.rejects(client.exec(BOX, "failing", process, { stdio }), (error) => {
        assert.ok(isContainerError(error), `not a ContainerError: ${error}`);
        assert.equal(error.exitCode, exitCode);
        assert.equal(error.containerId, BOX);
        assert.equal(error.processId, "failing");
        return true;
      });
      const status = await (await client.exec(BOX, "failing", execOf("true"))).wait();
      assert.equal(status.state === "exited" && status.code, 0);
      assert.deepEqual(await leftovers(daemon), onlyBox);
    });
  }
});
