import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import { withCheckpoint } from "../../plugins/containerd/checkpoint.ts";
import { ExitWatch } from "../../plugins/containerd/exit-watch.ts";
import { withLease } from "../../plugins/containerd/lease.ts";
import { ContainerdProcess } from "../../plugins/containerd/process.ts";
import { ProcessStdio } from "../../plugins/containerd/process-stdio.ts";
import { ContainerdRuntime } from "../../plugins/containerd/runtime.ts";
import { Session } from "../../plugins/containerd/session.ts";
import { Content, WriteAction } from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Leases } from "../../proto/gen/containerd/services/leases/v1/leases_pb.ts";
import { Namespaces } from "../../proto/gen/containerd/services/namespaces/v1/namespaces_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import { decodeJson } from "../../src/oci/encode.ts";
import { linuxSpec } from "../../src/oci/mod.ts";
import type { Spec } from "../../src/oci/spec.ts";

const options = {
  namespace: "default",
  drainBudgetMs: 0,
  removalBudgetMs: 40_000,
  id: "containerd",
};
const ref = { containerId: "web", processId: "init" };
const pid = () => 7;
const finish = () => Promise.reject(new Error("not ended"));

function rpcOf(transport: Transport) {
  return { transport, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Waits as a daemon does whose process runs on. */
async function forever(signal: AbortSignal): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  throw new ConnectError("over", Code.Canceled);
}

describe("ExitWatch", () => {
  for (const code of ["permission_denied", "unauthenticated"] as const) {
    it(`start() asks again after ${code} of the connection`, async () => {
      const real = createRouterTransport(({ service }) =>
        service(Tasks, { wait: () => ({ exitStatus: 7 }) })
      );
      let isDenied = true;
      const unary: Transport["unary"] = (...call) => {
        if (!isDenied) return real.unary(...call);
        isDenied = false;
        const cause = new ContainerError(code, 'Cannot connect to "unix:///s": refused');
        return Promise.reject(
          new ConnectError(cause.message, Code.Unavailable, undefined, undefined, cause),
        );
      };
      const session = new Session(rpcOf({ unary, stream: real.stream }), options);
      const watch = new ExitWatch(session, {
        ref,
        pid,
        finish: ({ code, exitedAt }) =>
          Promise.resolve({ state: "exited", code, exitedAt, oomKilled: false, truncated: false }),
      });
      const hold = setInterval(() => {}, 1000);
      watch.start();
      const status = await watch.exited;
      clearInterval(hold);
      assert.equal(status.state === "exited" && status.code, 7);
      await session[Symbol.asyncDispose]();
    });
  }

  it("start() takes permission_denied of the daemon for final", async () => {
    const transport = createRouterTransport(({ service }) =>
      service(Tasks, {
        wait: () => {
          throw new ConnectError("not yours", Code.PermissionDenied);
        },
      })
    );
    const session = new Session(rpcOf(transport), options);
    const watch = new ExitWatch(session, { ref, pid, finish });
    watch.start();
    assert.equal((await watch.exited).state, "lost");
    await session[Symbol.asyncDispose]();
  });
});

describe("ContainerdProcess", () => {
  it("delete() rejects when the client is closed before the process has ended", async () => {
    const killed = Promise.withResolvers<void>();
    const transport = createRouterTransport(({ service }) =>
      service(Tasks, {
        wait: (_request, { signal }) => forever(signal),
        get: () => ({ process: { status: Status.RUNNING, pid: 7 } }),
        kill: () => {
          killed.resolve();
          return {};
        },
      })
    );
    const session = new Session(rpcOf(transport), options);
    const stdio = await ProcessStdio.prepare(session, { ref, terminal: false, stdio: {} }, {});
    const init = { ref, pid: 7, stdio, terminal: false, memoryLimited: false, isCreated: false };
    const deletion = new ContainerdProcess(session, init).delete({ force: true });
    const rejected = assert.rejects(
      deletion,
      (error) => isContainerError(error, "unavailable") && /client closed$/.test(error.message),
    );
    await killed.promise;
    await session[Symbol.asyncDispose]();
    await rejected;
  });
});

describe("events()", () => {
  it("events() rejects its ready where the marker is refused", async () => {
    const ended = Promise.withResolvers<void>();
    const transport = createRouterTransport(({ service }) =>
      service(Events, {
        publish: () => {
          throw new ConnectError("read only", Code.PermissionDenied);
        },
        async *subscribe(_request, { signal }) {
          await forever(signal).catch(() => {});
          ended.resolve();
          yield* [];
        },
      })
    );
    const runtime = new ContainerdRuntime(rpcOf(transport), options);
    await assert.rejects(
      runtime.events().ready,
      (error) => isContainerError(error, "permission_denied"),
    );
    await ended.promise;
    await runtime[Symbol.asyncDispose]();
  });
});

describe("createContainer()", () => {
  it("createContainer() names a cgroup of its own in the form that the shim's options ask for", async () => {
    const specs: Spec[] = [];
    const transport = createRouterTransport(({ service }) =>
      service(Containers, {
        create: ({ container }) => {
          specs.push(decodeJson(container?.spec?.value ?? new Uint8Array()) as Spec);
          return container ? { container } : {};
        },
      })
    );
    const runtime = new ContainerdRuntime(rpcOf(transport), options);
    const spec = linuxSpec({ args: ["true"], rootfs: "/srv/rootfs" });
    const shim = "io.containerd.runc.v2";
    await runtime.createContainer({ id: "a", spec, shim });
    await runtime.createContainer({ id: "b", spec, shim, runtimeOptions: { systemdCgroup: true } });
    assert.deepEqual(specs.map(({ linux }) => linux?.cgroupsPath), ["/default/a", ":default:b"]);
    await runtime[Symbol.asyncDispose]();
  });
});

describe("setLabels()", () => {
  it("setLabels() without labels changes nothing", async () => {
    const calls: string[] = [];
    const transport = createRouterTransport(({ service }) =>
      service(Namespaces, {
        get: ({ name }) => {
          calls.push(`get ${name}`);
          return {};
        },
        update: () => {
          calls.push("update");
          return {};
        },
      })
    );
    const runtime = new ContainerdRuntime(rpcOf(transport), options);
    await runtime.containerd.namespaces.setLabels("default", {});
    assert.deepEqual(calls, ["get default"]);
    await runtime[Symbol.asyncDispose]();
  });
});

describe("withCheckpoint()", () => {
  it("withCheckpoint() uses what containerd has of a folder that it was given before", async () => {
    const written: number[] = [];
    const transport = createRouterTransport(({ service }) => {
      service(Leases, { create: () => ({}), delete: () => ({}) });
      service(Content, {
        async *write(requests) {
          let offset = 0n;
          for await (const { action, data } of requests) {
            if (action === WriteAction.COMMIT) {
              throw new ConnectError("content sha256:2: already exists", Code.AlreadyExists);
            }
            written.push(data.length);
            offset += BigInt(data.length);
            yield { action, offset, digest: `sha256:${written.length}` };
          }
        },
      });
    });
    const archiver = {
      async *pack() {
        yield await Promise.resolve(new Uint8Array(40_000));
      },
      unpack: () => Promise.resolve(),
    };
    const session = new Session(rpcOf(transport), { ...options, archiver });
    const found = await withCheckpoint(session, "web", "/c", {}, (it) => Promise.resolve(it));
    assert.deepEqual(written, [32_768, 7_232]);
    assert.equal(found.digest, "sha256:2");
    assert.equal(found.size, 40_000n);
    await session[Symbol.asyncDispose]();
  });
});

describe("withLease()", () => {
  it("withLease() does not lose its result to an abort that comes after it", async () => {
    const controller = new AbortController();
    const transport = createRouterTransport(({ service }) =>
      service(Leases, {
        create: () => ({}),
        delete: () => {
          controller.abort(new Error("too late"));
          return {};
        },
      })
    );
    const session = new Session(rpcOf(transport), options);
    const subject = { action: "Cannot test" };
    const { signal } = controller;
    assert.equal(
      await withLease(session, subject, { signal }, () => Promise.resolve("made")),
      "made",
    );
    assert.ok(signal.aborted);
    await session[Symbol.asyncDispose]();
  });
});
