import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { after, describe, it } from "node:test";
import { archive } from "../plugins/archive/mod.ts";
import { ContainerError, isContainerError } from "../src/errors.ts";

describe("archives", () => {
  const folder = mkdtempSync("/tmp/lcarch-");
  after(() => rmSync(folder, { recursive: true, force: true }));
  const { pack, unpack } = archive();

  /** A folder with a nested file of a megabyte. */
  function source(name: string): string {
    const path = `${folder}/${name}`;
    mkdirSync(`${path}/deep`, { recursive: true });
    writeFileSync(`${path}/deep/file`, "x".repeat(1 << 20));
    return path;
  }

  it("pack() and unpack() give back what was there", async () => {
    const from = source("from");
    await unpack(`${folder}/to`, pack(from));
    assert.equal(readFileSync(`${folder}/to/deep/file`, "utf8"), "x".repeat(1 << 20));
  });

  it("pack() says not_found for a folder that is none", async () => {
    await assert.rejects(
      pack(`${folder}/missing`)[Symbol.asyncIterator]().next(),
      (error) => isContainerError(error, "not_found"),
    );
  });

  it("unpack() says what is wrong with the folder or the stream", async () => {
    writeFileSync(`${folder}/file`, "");
    async function* noise() {
      yield await Promise.resolve(new Uint8Array(4096).fill(7));
    }
    await assert.rejects(
      unpack(`${folder}/file/below`, pack(source("some"))),
      (error) => isContainerError(error, "not_found"),
    );
    await assert.rejects(
      unpack(`${folder}/noise`, noise()),
      (error) => isContainerError(error, "invalid_argument"),
    );
  });

  it("unpack() passes on the error of the stream and keeps no file open", async () => {
    const own = new ContainerError("unavailable", "Cannot read: gone");
    async function* broken() {
      let first = true;
      for await (const chunk of pack(source("broken"))) {
        yield chunk.subarray(0, 4096);
        if (!first) throw own;
        first = false;
      }
      throw own;
    }
    const open = () =>
      readdirSync("/proc/self/fd").filter((fd) => {
        try {
          return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8") !== "";
        } catch {
          return false;
        }
      }).length;
    await assert.rejects(unpack(`${folder}/warm`, broken()), (error) => error === own);
    const before = open();
    for (let i = 0; i < 20; i++) {
      await assert.rejects(unpack(`${folder}/part${i}`, broken()), (error) => error === own);
    }
    for (let i = 0; i < 500 && open() > before; i++) await delay(10); // tar closes in its own time
    assert.ok(open() <= before, `${open()} descriptors, ${before} before`);
  });

  it("pack() and unpack() reject with the reason of their signal", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(unpack(folder, pack(folder), { signal }), (error) => error === reason);
    await assert.rejects(
      pack(folder, { signal })[Symbol.asyncIterator]().next(),
      (error) => error === reason,
    );
  });
});
