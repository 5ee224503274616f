import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { describe, it } from "node:test";
import { holding } from "../../plugins/grpc/hold.ts";
import { endDaemon, killHungDaemon } from "../../plugins/supervisor/end-daemon.ts";
import { identify, type ProcessIdentity } from "../../plugins/supervisor/process-table.ts";
import { isRunning } from "../helpers/processes.ts";
import { rejection } from "../helpers/rejection.ts";

/** Runs a shell script that says when it is up, for the length of `use`; gives what it has written. */
async function withScript(
  text: string,
  use: (identity: ProcessIdentity, child: ChildProcess) => Promise<void>,
): Promise<string> {
  const child = spawn("sh", ["-c", text], { stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => said += part);
  const closed = once(child, "close");
  try {
    await once(child.stdout, "data");
    const identity = identify(child.pid ?? 0);
    assert.ok(identity);
    await use(identity, child);
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
  return said;
}

/** Answers, one for each time that is asked. */
function inTurn(
  ...answers: readonly (readonly ProcessIdentity[])[]
): () => readonly ProcessIdentity[] {
  const left = [...answers];
  return () => left.shift() ?? [];
}

describe("killHungDaemon()", () => {
  it("killHungDaemon() asks for stack traces, and waits for them", async () => {
    const text = 'trap "echo traces; exit" USR1; echo up; while :; do read x; done';
    const said = await withScript(text, async (identity) => {
      await holding("foreground", killHungDaemon(() => [identity], 10_000));
      assert.ok(!isRunning(identity.pid));
    });
    assert.equal(said, "up\ntraces\n");
  });

  it("killHungDaemon() kills one that goes on", async () => {
    await withScript('trap "" USR1 TERM; echo up; read x', async (identity, child) => {
      const ended = once(child, "exit");
      await holding("foreground", killHungDaemon(() => [identity], 1));
      assert.equal((await ended)[1], "SIGKILL");
    });
  });
});

describe("endDaemon()", () => {
  it("endDaemon() kills what was asked to end and is not proven any more", async () => {
    // It has closed its socket, say, and hangs then.
    await withScript('trap "" TERM; echo up; read x', async (identity) => {
      await holding("foreground", endDaemon(inTurn([identity], []), 1));
      assert.ok(!isRunning(identity.pid));
    });
  });

  it("endDaemon() touches nobody else that has got its id", async () => {
    await withScript("echo up; read x", async (identity) => {
      const later = { ...identity, startTicks: identity.startTicks - 1 };
      await holding("foreground", endDaemon(() => [later], 1));
      assert.ok(isRunning(identity.pid));
    });
  });

  it("endDaemon() says that it may not", async () => {
    await withScript("echo up; read x", async (identity) => {
      const kill = process.kill;
      process.kill = () => {
        throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
      };
      try {
        const error = await rejection(holding("foreground", endDaemon(() => [identity], 1)));
        assert.equal((error as { code?: string }).code, "permission_denied");
        assert.equal(
          (error as Error).message,
          `Cannot send SIGTERM to process ${identity.pid}: operation not permitted`,
        );
      } finally {
        process.kill = kill;
      }
    });
  });
});
