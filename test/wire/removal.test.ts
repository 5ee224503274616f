import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Code,
  ConnectError,
  createRouterTransport,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import { ProcessStdio } from "../../plugins/containerd/process-stdio.ts";
import { Session, type SessionOptions } from "../../plugins/containerd/session.ts";
import { ContainerdTask } from "../../plugins/containerd/task.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { assertExited } from "../../plugins/testing/assertions.ts";

const ref = { containerId: "web", processId: "init" };
const options = { namespace: "default", drainBudgetMs: 0, removalBudgetMs: 1000, id: "containerd" };

function rpcOf(transport: Transport) {
  return { transport, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Answers as a shim that is stuck: never. */
async function never(_request: unknown, { signal }: { signal: AbortSignal }): Promise<never> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
  throw new ConnectError("over", Code.Canceled);
}

/** Calls a process of a shim whose end nobody tells, unless the shim says otherwise. */
async function withShim(
  shim: Partial<ServiceImpl<typeof Tasks>>,
  use: (process: ContainerdTask) => Promise<void>,
  more: Partial<SessionOptions> = {},
): Promise<void> {
  const transport = createRouterTransport(({ service }) =>
    service(Tasks, {
      wait: never,
      get: () => ({ process: { status: Status.RUNNING, pid: 7 } }),
      kill: () => ({}),
      ...shim,
    })
  );
  const session = new Session(rpcOf(transport), { ...options, ...more });
  try {
    const stdio = await ProcessStdio.prepare(session, { ref, terminal: false, stdio: {} }, {});
    const init = { ref, pid: 7, stdio, terminal: false, memoryLimited: false, isCreated: false };
    const taskInit = { ...init, containerId: "web", shim: "", windows: false };
    await use(new ContainerdTask(session, taskInit));
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

const stuck = (state: string) => ({
  code: "deadline_exceeded",
  containerId: "web",
  processId: "init",
  plugin: "containerd",
  message: `Cannot delete process "init" of container "web": ${state}`,
});

describe("delete() with force", () => {
  for (
    const [method, what] of [
      ["get", "the question for its state"],
      ["kill", "SIGKILL"],
      ["delete", "the deletion"],
    ] as const
  ) {
    it(`delete() with force says within its time that ${method} is not answered`, async () => {
      const ended = { process: { status: Status.STOPPED, pid: 7 } };
      const over = method === "delete" ? { wait: () => ({ exitStatus: 0 }), get: () => ended } : {};
      await withShim({ ...over, [method]: never }, async (process) => {
        await assert.rejects(
          process.delete({ force: true }),
          stuck(`no answer within 1000 ms to ${what}`),
        );
      });
    });
  }

  it("delete() with force has one time for all its steps", async () => {
    let isKilled = false;
    await withShim({
      kill: () => {
        isKilled = true;
        return {};
      },
      // Half of the time is over when it says so, for nobody tells the end.
      get: () => ({ process: { status: isKilled ? Status.STOPPED : Status.RUNNING, pid: 7 } }),
      delete: never,
    }, async (process) => {
      let isLate = false;
      const timer = setTimeout(() => isLate = true, 1250);
      await assert.rejects(
        process.delete({ force: true }),
        stuck("its end was not told within 500 ms"),
      );
      clearTimeout(timer);
      assert.equal(isLate, false);
    });
  });

  it("delete() with force says within its time that further processes are stuck", async () => {
    await withShim({
      exec: () => ({}),
      kill: ({ execId }, context) => execId === "more" ? never({}, context) : {},
      wait: ({ execId }, context) => execId === "" ? { exitStatus: 0 } : never({}, context),
      get: ({ execId }) => ({
        process: { status: execId === "" ? Status.STOPPED : Status.RUNNING, pid: 7 },
      }),
    }, async (process) => {
      await process.exec("more", { args: ["true"], cwd: "/" });
      await assert.rejects(
        process.delete({ force: true }),
        stuck("no answer within 1000 ms to the removal of its further processes"),
      );
    });
  });

  it("delete() with force waits with a time that is longer than a timer has", async () => {
    const end = Promise.withResolvers<void>();
    let isOver = false;
    await withShim({
      kill: () => {
        // A timer that is set too far ahead fires before this one.
        setTimeout(() => {
          isOver = true;
          end.resolve();
        }, 20);
        return {};
      },
      wait: async () => {
        await end.promise;
        return { exitStatus: 137, exitedAt: { seconds: 1n } };
      },
      delete: () => {
        if (isOver) return { exitStatus: 137, exitedAt: { seconds: 1n } };
        throw new ConnectError("cannot delete a running process", Code.FailedPrecondition);
      },
    }, async (process) => {
      assertExited(await process.delete({ force: true }), 137);
    }, { removalBudgetMs: 2 ** 33 });
  });

  it("delete() with force takes no end of another process that has the id by now", async () => {
    let isKilled = false;
    const shim = {
      kill: () => {
        isKilled = true;
        return {};
      },
      get: () => ({ process: { status: isKilled ? Status.STOPPED : Status.RUNNING, pid: 8 } }),
      delete: () => ({ pid: 8, exitStatus: 137, exitedAt: { seconds: 1n } }),
    };
    await withShim(shim, async (process) => {
      const status = await process.delete({ force: true });
      assert.equal(status.state === "lost" && status.reason, "another process has its id");
    });
  });

  it("delete() with force deletes a process whose end is never told", async () => {
    let isKilled = false;
    await withShim({
      kill: () => {
        isKilled = true;
        return {};
      },
      get: () => ({ process: { status: isKilled ? Status.STOPPED : Status.RUNNING, pid: 7 } }),
      delete: () => ({ exitStatus: 137, exitedAt: { seconds: 1n } }),
    }, async (process) => {
      assertExited(await process.delete({ force: true }), 137);
    });
  });

  it("delete() with force is lost when the process is gone after the kill", async () => {
    let isKilled = false;
    const gone = () => {
      throw new ConnectError("gone", Code.NotFound);
    };
    await withShim({
      kill: () => {
        isKilled = true;
        return {};
      },
      get: () => isKilled ? gone() : { process: { status: Status.RUNNING, pid: 7 } },
      delete: gone,
    }, async (process) => {
      assert.equal((await process.delete({ force: true })).state, "lost");
    });
  });

  it("delete() with force names the state of a process that SIGKILL does not end", async () => {
    await withShim({
      delete: () => {
        throw new ConnectError("cannot delete a running process", Code.FailedPrecondition);
      },
    }, async (process) => {
      await assert.rejects(
        process.delete({ force: true }),
        stuck("it is running 500 ms after SIGKILL"),
      );
    });
  });

  for (const method of ["get", "kill", "delete"] as const) {
    it(`delete() with force looks again when ${method} says that the shim's connection broke`, async () => {
      let isGone = false;
      const gone = () => {
        throw new ConnectError("gone", Code.NotFound);
      };
      const broken = () => {
        isGone = true;
        throw new ConnectError("ttrpc: closed: unknown", Code.Unknown);
      };
      const running = () => ({ process: { status: Status.RUNNING, pid: 7 } });
      const shim = { get: running, kill: () => ({}), delete: broken, [method]: broken };
      const once = <T>(call: () => T) => () => isGone ? gone() : call();
      await withShim({
        get: once(shim.get),
        kill: once(shim.kill),
        delete: once(shim.delete),
      }, async (process) => {
        assert.equal((await process.delete({ force: true })).state, "lost");
      });
    });
  }

  it("delete() with force does not look again for ever", async () => {
    let count = 0;
    await withShim({
      get: () => {
        count++;
        throw new ConnectError("ttrpc: closed: unknown", Code.Unknown);
      },
    }, async (process) => {
      await assert.rejects(process.delete({ force: true }), { code: "unavailable" });
    });
    assert.equal(count, 4);
  });

  it("delete() with force rejects with the reason of an abort while it is stuck", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    await withShim({
      kill: (request, context) => {
        controller.abort(reason);
        return never(request, context);
      },
    }, async (process) => {
      const outcome = await process.delete({ force: true, signal: controller.signal })
        .catch((error: unknown) => error);
      assert.equal(outcome, reason);
    });
  });

  it("delete() with force goes on within its time after an abort", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const cut = Promise.withResolvers<void>();
    await withShim({
      wait: () => ({ exitStatus: 0 }),
      get: () => ({ process: { status: Status.STOPPED, pid: 7 } }),
      delete: (request, context) => {
        context.signal.addEventListener("abort", () => cut.resolve(), { once: true });
        controller.abort(reason);
        return never(request, context);
      },
    }, async (process) => {
      const outcome = await process.delete({ force: true, signal: controller.signal })
        .catch((error: unknown) => error);
      assert.equal(outcome, reason);
      // Not before its time is over, nor never.
      await cut.promise;
    });
  });

  it("delete() without force says within its time that the deletion is not answered", async () => {
    await withShim({
      wait: () => ({ exitStatus: 0 }),
      get: () => ({ process: { status: Status.STOPPED, pid: 7 } }),
      delete: never,
    }, async (process) => {
      await assert.rejects(process.delete(), stuck("no answer within 1000 ms to the deletion"));
    });
  });

  it("delete() without force does not look again", async () => {
    let count = 0;
    await withShim({
      get: () => {
        count++;
        throw new ConnectError("ttrpc: closed: unknown", Code.Unknown);
      },
    }, async (process) => {
      await assert.rejects(process.delete(), { code: "unavailable" });
    });
    assert.equal(count, 1);
  });
});
