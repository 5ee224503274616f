import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError, createRouterTransport, type ServiceImpl } from "@connectrpc/connect";
import { ContainerdContainer } from "../../plugins/containerd/container.ts";
import { Session, type SessionOptions } from "../../plugins/containerd/session.ts";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { ContainerError } from "../../src/errors.ts";
import type { StdioDriver, StdioLeftovers } from "../../src/stdio.ts";

const unused = () => Promise.reject(new Error("not to be used"));

/** A driver that makes nothing, and has the leftovers that it is given. */
function driverWith(leftovers: () => Promise<StdioLeftovers>): StdioDriver {
  return { prepare: unused, attach: unused, leftovers };
}

/** Uses a container of a daemon that answers so. */
async function withContainer(
  { tasks, options }: {
    readonly tasks: Partial<ServiceImpl<typeof Tasks>>;
    readonly options?: Partial<SessionOptions>;
  },
  use: (container: ContainerdContainer, deleted: readonly string[]) => Promise<void>,
): Promise<void> {
  const deleted: string[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(Tasks, { wait: never, ...tasks });
    service(Containers, {
      delete: ({ id }) => {
        deleted.push(id);
        return {};
      },
    });
  });
  const rpc = { transport, [Symbol.asyncDispose]: () => Promise.resolve() };
  const session = new Session(rpc, {
    namespace: "default",
    drainBudgetMs: 0,
    removalBudgetMs: 40_000,
    id: "containerd",
    ...options,
  });
  const container = new ContainerdContainer(
    session,
    {
      id: "web",
      spec: { typeUrl: "", value: new TextEncoder().encode("{}") },
    } as ConstructorParameters<typeof ContainerdContainer>[1],
  );
  try {
    await use(container, deleted);
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

/** Answers as a shim that is stuck: never. */
async function never(_request: unknown, { signal }: { signal: AbortSignal }): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  throw new ConnectError("over", Code.Canceled);
}

const gone = () => {
  throw new ConnectError("gone", Code.NotFound);
};

/** Answers when it is told to. */
function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    answer: resolve,
    get: async () => {
      await promise;
      return { process: { status: Status.RUNNING, pid: 7 } };
    },
  };
}

describe("task()", () => {
  it("task() waits for a slow answer for longer than a removal may take", async () => {
    const { get, answer } = held();
    await withContainer({ tasks: { get }, options: { removalBudgetMs: 0 } }, async (container) => {
      const found = container.task();
      // The budget would be over before: its timer was set before this one.
      setTimeout(answer, 1);
      assert.equal((await found).pid, 7);
    });
  });

  it("task() with force takes no longer than a removal may", async () => {
    await withContainer(
      { tasks: { get: never }, options: { removalBudgetMs: 1 } },
      async (container) => {
        await assert.rejects(container.task({ force: true }), {
          code: "deadline_exceeded",
          message:
            'Cannot find task of container "web": no answer within 1 ms to the question for its state',
        });
      },
    );
  });

  it("task() names what is not answered while a shim is going away", async () => {
    const broken = () => {
      throw new ConnectError("ttrpc: closed: unknown", Code.Unknown);
    };
    await withContainer(
      { tasks: { get: broken }, options: { removalBudgetMs: 1 } },
      async (container) => {
        await assert.rejects(container.task({ force: true }), {
          code: "deadline_exceeded",
          message:
            'Cannot find task of container "web": no answer within 1 ms to the question for its state',
        });
      },
    );
  });

  for (
    const [options, which] of [
      [{}, "further"],
      [{ force: true }, "all"],
    ] as const
  ) {
    it(`task() lets go of shims: ${which}, again while it is not answered, and releases them`, async () => {
      const { get, answer } = held();
      const calls: string[] = [];
      const released = Promise.withResolvers<void>();
      let searches = 0;
      const stdio = driverWith(() => {
        const search = ++searches;
        return Promise.resolve({
          unblock: (processes) => {
            calls.push(processes);
            // What was made just before the first search is found by the second.
            if (search === 2) answer();
          },
          remove: unused,
          release: () => {
            calls.push("released");
            if (search === 2) released.resolve();
          },
        });
      });
      await withContainer({ tasks: { get }, options: { stdio } }, async (container) => {
        assert.equal((await container.task(options)).pid, 7);
        await released.promise;
        assert.deepEqual(calls, [which, which, "released", "released"]);
      });
    });
  }

  it("task() does not depend on a driver that fails", async () => {
    const { get, answer } = held();
    const stdio = driverWith(() => {
      answer();
      return Promise.reject(new Error("broken driver"));
    });
    await withContainer({ tasks: { get }, options: { stdio } }, async (container) => {
      assert.equal((await container.task()).pid, 7);
    });
  });
});

describe("Container.delete()", () => {
  const failures: readonly (readonly [string, () => Promise<StdioLeftovers>])[] = [
    ["cannot look for leftovers", () => Promise.reject(new Error("broken driver"))],
    [
      "throws instead of looking for leftovers",
      () => {
        throw new Error("broken driver");
      },
    ],
    ["cannot remove leftovers", () =>
      Promise.resolve({
        unblock: () => {},
        remove: () => Promise.reject(new Error("broken driver")),
        release: () => {},
      })],
  ];
  for (const [what, leftovers] of failures) {
    it(`delete() removes the container also with a driver that ${what}`, async () => {
      const options = { stdio: driverWith(leftovers) };
      await withContainer({ tasks: { get: gone }, options }, async (container, deleted) => {
        await container.delete();
        assert.deepEqual(deleted, ["web"]);
      });
    });
  }

  it("delete() that is refused leaves the leftovers as they are", async () => {
    const calls: string[] = [];
    const note = (call: string) => () => void calls.push(call);
    const stdio = driverWith(() =>
      Promise.resolve({
        unblock: note("unblock"),
        remove: () => Promise.resolve(calls.push("remove")).then(() => {}),
        release: note("release"),
      })
    );
    const get = () => ({ process: { status: Status.RUNNING, pid: 7 } });
    await withContainer({ tasks: { get }, options: { stdio } }, async (container, deleted) => {
      await assert.rejects(container.delete(), {
        code: "failed_precondition",
        message: 'Cannot delete container "web": it has a task',
      });
      assert.deepEqual([calls, deleted], [["release"], []]);
    });
  });

  it("delete() does not wait for ever for a shim that is stuck", async () => {
    const options = { removalBudgetMs: 1 };
    await withContainer({ tasks: { get: never }, options }, async (container, deleted) => {
      await assert.rejects(
        container.delete(),
        (error) => error instanceof ContainerError && error.code === "deadline_exceeded",
      );
      assert.deepEqual(deleted, []);
    });
  });
});
