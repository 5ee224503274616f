import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, utimesSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import type { StdioLeftovers, StdioRequest, StdioSession } from "../../src/stdio.ts";
import { eventually } from "../helpers/eventually.ts";
import { openDescriptors } from "../helpers/leaks.ts";
import { piped, readText, type Setting, withSetting } from "./setting.ts";

const NAMES = ["stderr", "stdin", "stdout"];
const ASIDE = [".stderr", ".stdin", ".stdout"];

const all = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

/** The streams of a client that is gone without having removed anything. */
async function dead(setting: Setting, request: Partial<StdioRequest> = {}): Promise<StdioSession> {
  const session = await setting.prepare(all, { request });
  await session.detach?.();
  // Bun closes its descriptors a moment later.
  await eventually("the end of its descriptors", () => openBelow(setting) === 0);
  return session;
}

/** How many descriptors of this process are of FIFOs of the setting. */
function openBelow(setting: Setting): number {
  return [...openDescriptors().values()].filter((each) => each.startsWith(setting.fifoFolder))
    .length;
}

async function find(setting: Setting, owner: { namespace?: string; containerId: string }) {
  const found: StdioLeftovers | undefined = await setting.driver().leftovers?.(owner);
  assert.ok(found);
  return found;
}

/** The folders of processes. */
function folders(setting: Setting): readonly string[] {
  try {
    return readdirSync(setting.fifoFolder).sort();
  } catch {
    return [];
  }
}

/** The names of all FIFOs, including those that were put aside. */
function names(setting: Setting): readonly string[] {
  return folders(setting).flatMap((folder) => readdirSync(join(setting.fifoFolder, folder)).sort());
}

/** Makes the FIFOs of a session as if they had been made so long ago. */
function age({ paths }: StdioSession, ageMs: number): void {
  const madeAt = new Date(Date.now() - ageMs);
  for (const path of Object.values(paths)) utimesSync(path, madeAt, madeAt);
}

function folderOf({ paths }: StdioSession): string {
  return basename(dirname(paths.stdout));
}

/** Opens a FIFO for writing as a shim does, which waits for a reader, and then for reading. */
async function waitingShim(path: string) {
  const script = 'exec 3>"$1"; exec 4<"$1"; read line';
  const child = spawn("sh", ["-c", script, "sh", path], { stdio: ["pipe", "ignore", "ignore"] });
  const exit = once(child, "exit");
  const { pid } = child;
  assert.ok(pid !== undefined);
  await eventually("the shim waits for a reader", () => isAsleep(pid));
  return {
    /** Whether it has opened the FIFO for both. */
    hasOpened: () => readdirSync(`/proc/${pid}/fd`).includes("4"),
    end: () => child.stdin?.end("\n"),
    /** 2 if it could not open it. */
    code: async () => (await exit)[0],
    kill: async () => {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await exit;
    },
  };
}

function isAsleep(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("S") ?? false;
}

describe("leftovers()", () => {
  it(
    "leftovers() of one container are found by its namespace and id, and removed",
    withSetting(async (setting) => {
      const own = { namespace: "one", containerId: "web" };
      await dead(setting, own);
      await dead(setting, { ...own, processId: "more" });
      const others = [
        await dead(setting, { ...own, namespace: "two" }),
        await dead(setting, { ...own, containerId: "web2" }),
        await dead(setting, { ...own, containerId: "we" }),
        await dead(setting, { containerId: "web" }),
      ];
      const found = await find(setting, own);
      await found.remove();
      assert.deepEqual(folders(setting), others.map(folderOf).sort());
    }),
  );

  it(
    "leftovers() keep no descriptor open once they are removed or released",
    withSetting(async (setting) => {
      const owner = { containerId: "box" };
      age(await dead(setting), 2000);
      const before = openBelow(setting);
      const found = await find(setting, owner);
      found.unblock("all");
      assert.equal(openBelow(setting), before + 3);
      found.unblock("all");
      assert.equal(openBelow(setting), before + 3);
      found.release();
      found.release();
      assert.equal(openBelow(setting), before);
      await (await find(setting, owner)).remove();
      assert.equal(openBelow(setting), before);
      assert.deepEqual(folders(setting), []);
    }),
  );

  it(
    "leftovers() that were put aside are removed by whoever made them, or knows their paths",
    withSetting(async (setting) => {
      const first = await dead(setting);
      const second = await dead(setting);
      for (const session of [first, second]) age(session, 2000);
      const found = await find(setting, { containerId: "box" });
      found.unblock("all");
      assert.deepEqual(names(setting), [...ASIDE, ...ASIDE]);
      await first.close();
      assert.deepEqual(folders(setting), [folderOf(second)]);
      const attached = await setting.driver().attach(setting.request({}), second.paths);
      await attached.drain(0);
      await attached.close();
      assert.deepEqual(folders(setting), []);
      found.release();
    }),
  );

  it(
    "leftovers() of a container without any are nothing to remove",
    withSetting(async (setting) => {
      const found = await find(setting, { containerId: "nobody" });
      await found.remove();
      found.release();
    }),
  );

  it(
    "leftovers() do not take the FIFOs of a process that is about to be made",
    withSetting(async (setting) => {
      const session = await setting.prepare(all);
      age(session, 2000);
      const found = await find(setting, { containerId: "box" });
      found.unblock("all");
      assert.deepEqual(names(setting), NAMES);
      await found.remove();
      const text = readText(piped(session.stdio.stdout));
      const shim = await setting.shim(session, "printf kept >&3");
      assert.equal(await shim.ended, 0);
      assert.equal(await text, "kept");
    }),
  );

  it(
    "leftovers() do not take the FIFOs of a process that runs",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdout: "piped" });
      const text = readText(piped(session.stdio.stdout));
      const shim = await setting.shim(session, "read line; printf kept >&3");
      await (await find(setting, { containerId: "box" })).remove();
      assert.deepEqual(folders(setting), [folderOf(session)]);
      shim.tell("go on");
      assert.equal(await shim.ended, 0);
      assert.equal(await text, "kept");
    }),
  );

  it(
    "leftovers() made after the search are left alone",
    withSetting(async (setting) => {
      const found = await find(setting, { containerId: "box" });
      const later = await dead(setting);
      await found.remove();
      assert.deepEqual(folders(setting), [folderOf(later)]);
    }),
  );

  it(
    "leftovers() wait for a shim that is just ending",
    withSetting(async (setting) => {
      const session = await setting.prepare({ stdout: "piped" });
      const shim = await setting.shim(session, "read line");
      await session.detach?.();
      const removing = (await find(setting, { containerId: "box" })).remove();
      assert.deepEqual(folders(setting), [folderOf(session)]);
      shim.tell("end");
      await shim.ended;
      await removing;
      assert.deepEqual(folders(setting), []);
    }),
  );

  it(
    "leftovers() let the shim of a further process go on that waits for its reader",
    withSetting(async (setting) => {
      const session = await dead(setting, { processId: "more" });
      age(session, 2000);
      const shim = await waitingShim(session.paths.stdout);
      try {
        const found = await find(setting, { containerId: "box" });
        assert.equal(shim.hasOpened(), false);
        found.unblock("further");
        await eventually("the shim has opened it", shim.hasOpened);
        found.release();
        shim.end();
        assert.equal(await shim.code(), 0);
      } finally {
        await shim.kill();
      }
      await (await find(setting, { containerId: "box" })).remove();
    }),
  );

  it(
    "leftovers() make the shim of a first process fail that waits for its reader",
    withSetting(async (setting) => {
      const session = await dead(setting);
      age(session, 2000);
      const shim = await waitingShim(session.paths.stdout);
      try {
        const found = await find(setting, { containerId: "box" });
        assert.equal(shim.hasOpened(), false);
        found.unblock("all");
        assert.equal(await shim.code(), 2);
        await found.remove();
      } finally {
        await shim.kill();
      }
      assert.deepEqual(folders(setting), []);
    }),
  );

  it(
    "leftovers() that are removed let the shim go that waits for their reader",
    withSetting(async (setting) => {
      const { paths } = await dead(setting);
      const shim = await waitingShim(paths.stdout);
      try {
        await (await find(setting, { containerId: "box" })).remove();
        assert.equal(await shim.code(), 2);
      } finally {
        await shim.kill();
      }
      assert.deepEqual(folders(setting), []);
    }),
  );

  it(
    "leftovers() are left as they are by a search, and by its release",
    withSetting(async (setting) => {
      age(await dead(setting), 2000);
      const before = openBelow(setting);
      const found = await find(setting, { containerId: "box" });
      assert.equal(openBelow(setting), before);
      assert.deepEqual(names(setting), NAMES);
      found.release();
      assert.deepEqual(names(setting), NAMES);
    }),
  );
});

describe("unblock()", () => {
  it(
    "unblock() does not put aside the FIFOs of a first process, unless told to",
    withSetting(async (setting) => {
      age(await dead(setting), 2000);
      const before = openBelow(setting);
      const found = await find(setting, { containerId: "box" });
      found.unblock("further");
      assert.deepEqual(names(setting), NAMES);
      assert.equal(openBelow(setting), before);
      found.unblock("all");
      assert.deepEqual(names(setting), ASIDE);
      found.release();
    }),
  );

  it(
    "unblock() leaves FIFOs alone that somebody may be about to open, and does not later",
    withSetting(async (setting) => {
      const session = await dead(setting);
      // A little ahead, so that it is young for longer than a busy machine takes.
      age(session, -500);
      const before = openBelow(setting);
      const found = await find(setting, { containerId: "box" });
      found.unblock("all");
      assert.deepEqual(names(setting), NAMES);
      assert.equal(openBelow(setting), before);
      age(session, 1500);
      found.unblock("all");
      assert.deepEqual(names(setting), ASIDE);
      found.release();
    }),
  );

  it(
    "unblock() takes FIFOs for old that were made before the clock was set back",
    withSetting(async (setting) => {
      age(await dead(setting), -3_600_000);
      const found = await find(setting, { containerId: "box" });
      found.unblock("all");
      assert.deepEqual(names(setting), ASIDE);
      found.release();
    }),
  );
});
