import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { isContainerError } from "../../src/errors.ts";
import { holdings, noMoreThan } from "../helpers/leaks.ts";
import { execPath, runtimeName } from "../helpers/runtime.ts";
import { scale } from "../helpers/scale.ts";
import { backendsHere, bytes, piped, readText, withSetting } from "./setting.ts";

/** A signal that is found aborted at its nth check, so that each place is hit. */
function abortAtCheck(count: number, reason: Error): AbortSignal {
  let checks = 0;
  return {
    throwIfAborted() {
      if (++checks === count) throw reason;
    },
  } as AbortSignal;
}

describe("FifoDriver", () => {
  for (const backend of backendsHere) {
    const rounds = backend === backendsHere[0] ? 200 : scale(20, 200);
    it(
      `leaks nothing over ${rounds} sessions on "${backend}", failing ones among them`,
      withSetting(async (setting) => {
        const driver = setting.driver({ backend });
        const request = setting.request({ stdin: "piped", stdout: "piped", stderr: "piped" });
        const reason = new Error("enough");
        const warmUp = await driver.prepare(request);
        await warmUp.close();
        const before = holdings({ fifoDirs: [setting.folder] });
        for (let round = 0; round < rounds; round++) {
          if (round % 4 === 3) {
            const signal = abortAtCheck(1 + (round >> 2) % 4, reason);
            await assert.rejects(driver.prepare(request, { signal }), (error) => error === reason);
            continue;
          }
          const session = await driver.prepare(request);
          // A read that waits, a cancelled one, and bytes that nobody reads.
          const reading = round % 4 === 0 ? readText(session.stdio.stdout) : undefined;
          if (round % 4 === 1) await piped(session.stdio.stdout).cancel();
          await piped(session.stdio.stdin).getWriter().write(bytes("unread"));
          if (round % 2 === 0) session.release();
          await session.close();
          if (reading !== undefined) assert.equal(await reading, "");
        }
        await noMoreThan(before, { fifoDirs: [setting.folder] });
      }),
    );
  }

  it(
    "keeps files readable while 321 idle FIFOs are open, and loses nothing then",
    withSetting(async (setting) => {
      const driver = setting.driver();
      const file = join(setting.folder, "file");
      writeFileSync(file, "content");
      const sessions = await Promise.all(
        Array.from(
          { length: 107 },
          () =>
            driver.prepare(setting.request({ stdin: "piped", stdout: "piped", stderr: "piped" })),
        ),
      );
      for (const session of sessions) {
        setting.closing(session);
      }
      const flags = constants.O_RDWR | constants.O_NONBLOCK;
      const peers = sessions.map(({ paths }) =>
        [
          openSync(paths.stdout, flags),
          openSync(paths.stderr, flags),
          openSync(paths.stdin, constants.O_RDONLY | constants.O_NONBLOCK),
        ] as const
      );
      for (const session of sessions) session.release();
      const reading = sessions.map(({ stdio }) =>
        Promise.all([readText(stdio.stdout), readText(stdio.stderr)])
      );
      let timer: ReturnType<typeof setTimeout> | undefined;
      const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error("no thread was free for a file")), 20_000);
      });
      try {
        assert.equal(await Promise.race([readFile(file, "utf8"), tooLate]), "content");
      } finally {
        clearTimeout(timer);
      }
      peers.forEach(([stdout, stderr, stdin], index) => {
        writeSync(stdout, bytes(`out ${index}`));
        writeSync(stderr, bytes(`err ${index}`));
        for (const fd of [stdout, stderr, stdin]) closeSync(fd);
      });
      const texts = await Promise.all(reading);
      texts.forEach((text, index) => assert.deepEqual(text, [`out ${index}`, `err ${index}`]));
    }),
  );

  it("reports a lack of descriptors and leaves nothing, wherever it strikes", async () => {
    const script = fileURLToPath(new URL("exhaustion.ts", import.meta.url));
    const deno = runtimeName() === "deno" ? ["run", "-A", "--no-check", "--quiet"] : [];
    const child = spawn(
      "sh",
      ["-c", 'ulimit -n 200; exec "$@"', "sh", execPath("current"), ...deno, script],
      { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" } },
    );
    const stdout = text(child.stdout ?? []);
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.match(await stdout, /^failed [1-9]\d* times, succeeded [1-9]\d* times\n$/);
    assert.equal(code, 0);
  });
});

describe("FifoFolders", () => {
  it(
    "make() reports a folder that cannot be made",
    withSetting(async (setting) => {
      const file = join(setting.folder, "file");
      writeFileSync(file, "");
      const driver = setting.driver({ directory: join(file, "below") });
      await assert.rejects(
        driver.prepare(setting.request({ stdout: "piped" })),
        (error) => isContainerError(error, "not_found") && error.message.includes(file),
      );
    }),
  );

  it(
    "remove() leaves a base that was there before",
    withSetting(async (setting) => {
      const directory = join(setting.folder, "given");
      mkdirSync(directory);
      const session = await setting.prepare({ stdout: "piped" }, { directory });
      assert.equal(readdirSync(directory).length, 1);
      await session.close();
      assert.deepEqual(readdirSync(directory), []);
    }),
  );

  it(
    "remove() keeps the base for others, and the last one removes it",
    withSetting(async (setting) => {
      const one = await setting.prepare({ stdout: "piped" });
      const two = await setting.prepare({ stdout: "piped" });
      await one.close();
      assert.equal(readdirSync(setting.fifoFolder).length, 1);
      await two.close();
      assert.equal(readdirSync(setting.folder).length, 0);
    }),
  );

  const skip = process.getuid?.() === 0 ? false : "only root can give files away";
  it(
    "make() gives the folder and the FIFOs to uid and gid",
    { skip },
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdin: "piped", stdout: "piped" }, {
        uid: 12345,
        gid: 54321,
      });
      const { stdin, stdout } = session.paths;
      for (const path of [stdin, stdout, join(stdout, "..")]) {
        const { uid, gid } = statSync(path);
        assert.deepEqual([uid, gid], [12345, 54321], path);
      }
    }),
  );
});
