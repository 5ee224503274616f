import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { afterEach, beforeEach, describe, it } from "node:test";
import { OwnerLock } from "../../plugins/supervisor/owner-lock.ts";
import { readProcess } from "../helpers/processes.ts";
import { runScript } from "../helpers/runtime.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync("/tmp/lct-lock-");
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const conflict = { name: "ContainerError", code: "conflict", plugin: "supervisor" };

function leave(name: string): void {
  mkdirSync(`${directory}/owner`);
  writeFileSync(`${directory}/owner/${name}`, "");
}

describe("OwnerLock", () => {
  it("acquire() refuses a second owner, until the first one releases", () => {
    const lock = OwnerLock.acquire(directory);
    assert.throws(() => OwnerLock.acquire(directory), {
      ...conflict,
      message: `Cannot own folder "${directory}": process ${process.pid} does, ` +
        "which supervises its containerd",
    });
    assert.deepEqual(readdirSync(directory), ["owner"]);
    lock.release();
    lock.release();
    assert.deepEqual(readdirSync(directory), []);
    OwnerLock.acquire(directory).release();
  });

  it("acquire() is not blocked by an owner that is gone", () => {
    const ticks = readProcess(process.pid)?.startTicks ?? 0;
    // No such process; one with the id of a living one; one of another boot.
    for (const name of ["4194305+1+boot+x", `${process.pid}+${ticks - 1}+boot+x`]) {
      leave(name);
      OwnerLock.acquire(directory).release();
      assert.deepEqual(readdirSync(directory), []);
    }
    mkdirSync(`${directory}/owner`);
    OwnerLock.acquire(directory).release();
  });

  it("acquire() removes no file that it cannot read an owner from", () => {
    leave("notes.txt");
    assert.throws(() => OwnerLock.acquire(directory), {
      ...conflict,
      message: `Cannot own folder "${directory}": "${directory}/owner/notes.txt" names no owner`,
    });
    assert.deepEqual(readdirSync(`${directory}/owner`), ["notes.txt"]);
    assert.deepEqual(readdirSync(directory), ["owner"]);
  });

  it("acquire() leaves a file alone that is in the place of the lock", () => {
    writeFileSync(`${directory}/owner`, "mine");
    assert.throws(() => OwnerLock.acquire(directory), {
      ...conflict,
      message: `Cannot own folder "${directory}": "${directory}/owner" is not a folder`,
    });
    assert.deepEqual(readdirSync(directory), ["owner"]);
  });

  it("acquire() sweeps up after those that died while they tried", () => {
    mkdirSync(`${directory}/owner.4194305+1+boot+x`);
    writeFileSync(`${directory}/owner.4194305+1+boot+x/4194305+1+boot+x`, "");
    OwnerLock.acquire(directory);
    assert.deepEqual(readdirSync(directory), ["owner"]);
  });

  it("release() leaves the lock of the next owner alone", () => {
    const lock = OwnerLock.acquire(directory);
    assert.ok(lock.isHeld);
    rmSync(`${directory}/owner`, { recursive: true });
    assert.ok(!lock.isHeld);
    const next = OwnerLock.acquire(directory);
    lock.release();
    assert.throws(() => OwnerLock.acquire(directory), conflict);
    next.release();
  });

  it("acquire() gives it to one of many processes at a time, whoever dies with it", async () => {
    const script = new URL("./support/lock-child.ts", import.meta.url);
    const children = Array.from(
      { length: 3 },
      () => runScript("current", script, [directory, "60"]),
    );
    for (const { code, stdout, stderr } of await Promise.all(children)) {
      assert.equal(code, 0, stderr);
      assert.equal(stdout, "taken 60\n");
    }
  });
});
