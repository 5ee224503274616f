import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { after, before, describe, it } from "node:test";
import { Header } from "tar";
import { archive } from "../../plugins/archive/mod.ts";
import { assertExited, rejectsWith } from "../../plugins/testing/assertions.ts";
import { checkpointProblem } from "../helpers/criu.ts";
import { makeRootfs, type Rootfs } from "../helpers/rootfs.ts";
import { Bed, commandSpec } from "./bed.ts";
import { eventually } from "../helpers/eventually.ts";

const skip = checkpointProblem();

/** Counts into a file: what continues from a checkpoint does not begin at 1 again. */
const counter = "i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.02; done";

describe("checkpoints on containerd", () => {
  let bed: Bed;
  let rootfs: Rootfs;
  let folder: string;

  before(async () => {
    folder = mkdtempSync("/tmp/lccheck-");
    rootfs = makeRootfs();
    bed = await Bed.start();
  });
  after(async () => {
    await bed?.stop();
    rootfs?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const text = () => readFileSync(`${rootfs.path}/count`, "utf8");
  const count = () => Number(text());
  // In the host's network, as CRIU needs iptables to checkpoint another one.
  const spec = () =>
    commandSpec(counter, { rootfs: rootfs.path, readonlyRootfs: false, network: "host" });
  const counting = async (id: string) => {
    rmSync(`${rootfs.path}/count`, { force: true });
    await bed.client.start(id);
    await eventually("a count of 10", () => existsSync(`${rootfs.path}/count`) && count() >= 10);
  };

  it("C39 start() continues from a checkpoint in a new task", { skip }, async () => {
    await bed.withContainer(spec(), async (id) => {
      await counting(id);
      const directory = `${folder}/continue`;
      await bed.client.createCheckpoint(id, directory, { exit: true });
      const status = await bed.client.wait(id);
      assert.equal(status.state === "exited" && status.code, 137);
      await bed.client.deleteTask(id);
      // Empty if the checkpoint fell between the shell's opening of the file and its writing.
      const before = text();
      const task = await bed.client.start(id, { checkpointDir: directory });
      assert.equal((await bed.client.status(id)).state, "running");
      let after = "";
      await eventually("a count that goes on", () => {
        after = text(); // read once: the shell empties the file before it writes
        return ![before, ""].includes(after);
      });
      assert.ok(Number(after) >= Math.max(10, Number(before)), `${after} after ${before}`);
      await bed.client.signalProcess(id, "init", "KILL");
      assertExited(await task.wait(), 137);
    });
  });

  it(
    "C39 createCheckpoint() leaves the container running, and the folder is not empty",
    { skip },
    async () => {
      await bed.withContainer(spec(), async (id) => {
        await counting(id);
        const { pid } = await bed.client.status(id);
        const directory = `${folder}/running`;
        await bed.client.createCheckpoint(id, directory);
        assert.ok(readdirSync(directory).some((name) => name.endsWith(".img")));
        assert.deepEqual(await bed.client.status(id), { state: "running", pid });
        const reached = count();
        await eventually("a count that goes on", () => count() > reached);
      });
    },
  );

  it("C39 createCheckpoint() of a paused container leaves it paused", { skip }, async () => {
    await bed.withContainer(spec(), async (id) => {
      await counting(id);
      await bed.client.pause(id);
      await bed.client.createCheckpoint(id, `${folder}/paused`);
      assert.equal((await bed.client.status(id)).state, "paused");
      await bed.client.resume(id);
    });
  });

  it(
    "C39 createCheckpoint() leaves nothing in the content store",
    { skip },
    async () => {
      await bed.withContainer(spec(), async (id) => {
        await counting(id);
        await bed.client.createCheckpoint(id, `${folder}/content`);
      });
      await eventually("an empty content store", async () => {
        return (await bed.daemon.ctr("content", "list", "--quiet")).trim() === "";
      });
    },
  );

  it("C39 start() refuses a folder that is not there", async () => {
    await bed.withContainer(spec(), async (id) => {
      const missing = bed.client.start(id, { checkpointDir: `${folder}/missing` });
      await rejectsWith(missing, "not_found", { containerId: id });
      await rejectsWith(bed.client.status(id), "failed_precondition");
    });
  });

  it("C39 start() of a folder that is no checkpoint fails, and leaves no task", async () => {
    const directory = `${folder}/other`;
    mkdirSync(directory);
    writeFileSync(`${directory}/note.txt`, "no image of a process");
    await bed.withContainer(spec(), async (id) => {
      await assert.rejects(bed.client.start(id, { checkpointDir: directory }), /restore failed/);
      await rejectsWith(bed.client.status(id), "failed_precondition");
      await bed.client.start(id);
      assert.equal((await bed.client.status(id)).state, "running");
    });
  });

  it("C39 a task of a checkpoint that was never started can be deleted", async () => {
    const directory = `${folder}/unused`;
    mkdirSync(directory);
    writeFileSync(`${directory}/note.txt`, "never looked at");
    await bed.withContainer(spec(), async (id) => {
      const container = await (await bed.client.runtime()).loadContainer(id);
      const task = await container.newTask({ checkpointDir: directory });
      assert.deepEqual(await task.status(), { state: "created", pid: 0 });
      await task.delete();
      await rejectsWith(container.task(), "not_found");
    });
  });

  it("C39 unpack() refuses a checkpoint with an entry outside of its folder", async () => {
    const block = new Uint8Array(512);
    const header = new Header({ path: "../outside", mode: 0o644, size: 4, type: "File" });
    const bytes = Buffer.alloc(512);
    header.encode(bytes, 0);
    const body = block.slice();
    body.set(new TextEncoder().encode("evil"));
    const tar = async function* () {
      yield* [new Uint8Array(bytes), body, block, block];
    };
    await rejectsWith(archive().unpack(`${folder}/inside`, tar()), "invalid_argument");
    assert.ok(!existsSync(`${folder}/outside`));
  });
});
