import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { found, sharedRootfs } from "../helpers/cache.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { taskIds } from "../helpers/leaks.ts";
import { ProxyProcess } from "./proxy-process.ts";
import { Workerd } from "./workerd.ts";

describe("Client in workerd, over web()", () => {
  let daemon: Daemon | undefined;
  let proxy: ProxyProcess | undefined;
  let workerd: Workerd | undefined;
  let ids = 0;

  before(async () => {
    daemon = await startDaemon();
    proxy = await ProxyProcess.start({ address: daemon.address });
    workerd = await Workerd.start();
  });

  after(async () => {
    await workerd?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });

  async function run(scenario: string, changes: object = {}): Promise<unknown> {
    assert.ok(daemon && proxy && workerd);
    return await workerd.run(scenario, {
      baseUrl: proxy.baseUrl,
      namespace: daemon.namespace,
      rootfs: found(sharedRootfs),
      id: `edge-${++ids}`,
      ...changes,
    });
  }

  it("Client loads where there is nothing of Node", async () => {
    assert.deepEqual(await run("environment"), {
      process: "undefined",
      buffer: "undefined",
      userAgent: "Cloudflare-Workers",
    });
  });

  it("Client can be declared outside a request", async () => {
    assert.deepEqual(await run("declared"), {
      runtime: "default",
      reason: "given",
    });
  });

  for (const protocol of ["grpc-web", "connect"] as const) {
    it(`Client runs a container to its end over ${protocol}, with its events`, async () => {
      assert.ok(daemon);
      const id = `life-${protocol}`;
      const result = await run("lifecycle", { id, protocol }) as {
        version: { version: string; revision: string };
        pid: number;
        listed: string[];
        execStatus: { state: string; code: number };
        pids: number[];
        statsKind: string;
        stateBefore: string;
        status: { state: string; code: number };
        events: unknown[];
      };
      assert.ok(result.version.version.includes(`${daemon.version}.`), result.version.version);
      assert.ok(result.pid > 0);
      assert.deepEqual(result.listed, [id]);
      assert.equal(result.execStatus.state, "exited");
      assert.equal(result.execStatus.code, 3);
      assert.ok(result.pids.includes(result.pid));
      assert.match(result.statsKind, /^cgroup[12]$/);
      assert.equal(result.stateBefore, "running");
      assert.equal(result.status.state, "exited");
      assert.equal(result.status.code, 137);
      assert.deepEqual(result.events, [
        "create",
        "start",
        ["exec-added", "x"],
        ["exec-started", "x"],
        ["exit", "x"],
        ["exit", "init"],
      ]);
      assert.deepEqual(await taskIds(daemon), []);
    });
  }

  it("Client says by name what failed, and what an edge runtime does not have", async () => {
    const id = "refused";
    const errors = await run("errors", { id }) as Record<
      string,
      { code: string; message: string; field?: string }
    >;
    const brief = Object.fromEntries(
      Object.entries(errors).map(([name, { code, message, field }]) => [
        name,
        field === undefined ? [code, message] : [code, message, field],
      ]),
    );
    assert.deepEqual(brief["missing"]?.[0], "not_found");
    assert.match(brief["missing"]?.[1] ?? "", /no-such-container/);
    assert.deepEqual([brief["badId"]?.[0], brief["badId"]?.[2]], [
      "invalid_argument",
      "containerId",
    ]);
    assert.deepEqual(brief["conflict"], [
      "conflict",
      `Cannot create container "${id}": id already in use`,
    ]);
    assert.equal(brief["piped"]?.[0], "unimplemented");
    assert.match(brief["piped"]?.[1] ?? "", /"refused".*: the runtime has no stdio driver$/);
    assert.equal(brief["fromCheckpoint"]?.[0], "unimplemented");
    assert.match(brief["fromCheckpoint"]?.[1] ?? "", /"refused".*: the runtime has no archiver$/);
    assert.equal(brief["checkpoint"]?.[0], "unimplemented");
    assert.match(brief["checkpoint"]?.[1] ?? "", /"refused".*: the runtime has no archiver$/);
    assert.equal(brief["program"]?.[0], "invalid_argument");
    assert.match(brief["program"]?.[1] ?? "", /no\/such\/program/);
  });

  it("Client ends the calls behind the proxy when it is aborted or disposed", async () => {
    const result = await run("aborts", { id: "aborted" }) as Record<string, unknown>;
    const { closed, ...others } = result;
    assert.deepEqual(others, { early: true, late: true, state: "running" });
    assert.equal((closed as { code: string }).code, "unavailable");
  });

  it("Client rejects with unavailable where nobody listens", async () => {
    const other = await ProxyProcess.start({ address: daemon?.address ?? "" });
    const { baseUrl } = other;
    await other[Symbol.asyncDispose]();
    const error = await run("dead", { baseUrl }) as { code: string; message: string };
    assert.equal(error.code, "unavailable");
    assert.ok(error.message.startsWith(`Cannot reach "${baseUrl}": `), error.message);
  });
});
