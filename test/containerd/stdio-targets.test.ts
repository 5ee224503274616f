import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { after, before, describe, it } from "node:test";
import { buffer, text as textFrom } from "node:stream/consumers";
import { assertExited, rejectsWith, textOf } from "../../plugins/testing/assertions.ts";
import { spawnScript } from "../helpers/runtime.ts";
import { Bed, commandProcess, commandSpec } from "./bed.ts";
import { NumberLines, numberLines } from "./stdio-support/number-lines.ts";
import { Random } from "./stdio-support/random.ts";
import { eventually } from "../helpers/eventually.ts";

const print = "echo to out; echo to err >&2";

let bed: Bed;
let folder: string;

before(async () => {
  folder = mkdtempSync("/tmp/lctargets-");
  bed = await Bed.start();
});
after(async () => {
  await bed?.stop();
  rmSync(folder, { recursive: true });
});

function read(name: string): string {
  return readFileSync(`${folder}/${name}`, "utf8");
}

/** What a process has open. */
function openFiles(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${name}`)];
    } catch {
      // Closed since the listing.
      return [];
    }
  });
}

describe("where stdio goes on containerd", () => {
  it("{ file } appends to what is there, and makes what is missing", async () => {
    writeFileSync(`${folder}/old`, "before\n");
    const stdio = { stdout: { file: `${folder}/old` }, stderr: { file: `${folder}/new` } };
    await bed.withContainer(commandSpec(print), async (id) => {
      const task = await bed.client.start(id, { stdio });
      assert.deepEqual(task.stdio, { stdin: null, stdout: null, stderr: null });
      assertExited(await task.wait(), 0);
    });
    await bed.withRunning(["sleep", "3600"], async (id) => {
      const handle = await bed.client.exec(id, "print", commandProcess(print), { stdio });
      assertExited(await handle.wait(), 0);
    });
    assert.equal(read("old"), "before\nto out\nto out\n");
    assert.equal(read("new"), "to err\nto err\n");
  });

  it("{ file } of stdin is read to its end, beside a piped output", async () => {
    writeFileSync(`${folder}/input`, "from a file\n");
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const stdio = { stdin: { file: `${folder}/input` }, stdout: "piped" } as const;
      const task = await bed.client.start(id, { stdio });
      assert.equal(await textOf(task.stdio.stdout), "from a file\n");
      assertExited(await task.wait(), 0);
    });
  });

  it("{ file } takes a terminal's output", async () => {
    await bed.withContainer(commandSpec(print, { terminal: true }), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: { file: `${folder}/tty` } } });
      assertExited(await task.wait(), 0);
    });
    assert.equal(read("tty"), "to out\r\nto err\r\n");
  });

  it("{ file } takes both outputs, also errors after the end of the output", async () => {
    const file = `${folder}/shared`;
    const script = "echo to out; read -r line; exec >&-; read -r line; echo to err >&2";
    await bed.withContainer(commandSpec(script), async (id) => {
      const stdio = { stdin: "piped", stdout: { file }, stderr: { file } } as const;
      const task = await bed.client.start(id, { stdio });
      const writer = task.stdio.stdin.getWriter();
      const openCount = () => bed.daemon.shimPids(id).flatMap(openFiles).filter(isFile).length;
      const isFile = (path: string) => path === file;
      const before = openCount();
      await writer.write(new TextEncoder().encode("end the output\n"));
      await eventually("the shim closes the output", () => openCount() < before);
      await writer.write(new TextEncoder().encode("write an error\n"));
      assertExited(await task.wait(), 0);
    });
    assert.equal(read("shared"), "to out\nto err\n");
  });

  it('{ uri: "file://…" } takes both outputs', async () => {
    const uri = `file://${folder}/deep/both`;
    const script = "echo to err >&2; read -r line; echo to out";
    await bed.withContainer(commandSpec(script), async (id) => {
      const stdio = { stdin: "piped", stdout: { uri }, stderr: { uri } } as const;
      const task = await bed.client.start(id, { stdio });
      // The shim closes the file for both when the output ends.
      await eventually("the errors are written", () => read("deep/both") === "to err\n");
      await task.stdio.stdin.getWriter().write(new TextEncoder().encode("go on\n"));
      assertExited(await task.wait(), 0);
    });
    assert.equal(read("deep/both"), "to err\nto out\n");
  });

  it('{ uri: "binary://…" } runs a logger, which gets both outputs', async () => {
    const logger = `${folder}/logger`;
    // Descriptor 5 says that it is ready, when all have closed it. The shim ends a logger with
    // SIGTERM when its task is deleted, and what it has not read by then is its own to save.
    writeFileSync(
      logger,
      '#!/bin/sh\ntrap "" TERM\nexec 5>&-\ncat <&4 >"$2/logged-err" &\ncat <&3 >"$2/logged-out"\nwait\n' +
        'echo "$CONTAINER_NAMESPACE $CONTAINER_ID" >"$2/ids" && mv "$2/ids" "$2/logged-ids"\n',
    );
    chmodSync(logger, 0o755);
    const uri = `binary://${logger}?folder=${folder}`;
    await bed.withContainer(commandSpec(print), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdout: { uri }, stderr: { uri } } });
      assertExited(await task.wait(), 0);
      await bed.client.deleteTask(id);
      await eventually("the logger has ended", () => existsSync(`${folder}/logged-ids`));
      assert.equal(read("logged-ids"), `${bed.daemon.namespace} ${id}\n`);
    });
    assert.equal(read("logged-out"), "to out\n");
    assert.equal(read("logged-err"), "to err\n");
  });

  it('"null" gives no input and takes any amount of output', async () => {
    const script = `cat; ${numberLines(200_000)}; ${numberLines(200_000)} >&2; exit 6`;
    for (const other of ["null", "piped"] as const) {
      await bed.withContainer(commandSpec(script), async (id) => {
        const stdio = { stdin: "null", stdout: "null", stderr: other } as const;
        const task = await bed.client.start(id, { stdio });
        if (task.stdio.stderr) await new NumberLines().takeAll(task.stdio.stderr, 200_000);
        assertExited(await task.wait(), 6);
      });
    }
  });

  it('"null" for both outputs takes what follows the end of one, beside an input', async () => {
    const script = `cat; exec >&-; ${numberLines(200_000)} >&2; exit 6`;
    await bed.withContainer(commandSpec(script), async (id) => {
      const task = await bed.client.start(id, { stdio: { stdin: "piped" } });
      await task.stdio.stdin.close();
      assertExited(await task.wait({ signal: AbortSignal.timeout(60_000) }), 6);
    });
  });

  it('"inherit" carries the streams of the own process, byte by byte', async () => {
    const script = `cat; ${numberLines(50_000)} >&2; exit 3`;
    const input = new Random(3).bytes(2 * 2 ** 20);
    const { address, namespace, home } = bed.daemon;
    const file = new URL("./stdio-support/inherit-child.ts", import.meta.url);
    const args = [address, namespace, home, bed.newId(), script];
    const child = spawnScript("current", file, args, { stdio: ["pipe", "pipe", "pipe"] });
    const guard = setTimeout(() => child.kill("SIGKILL"), 60_000);
    try {
      const { stdin, stdout, stderr } = child;
      assert.ok(stdin && stdout && stderr);
      stdin.end(input);
      const exit = once(child, "exit");
      const [output, errors] = await Promise.all([buffer(stdout), textFrom(stderr)]);
      const [code] = await exit;
      assert.equal(code, 3, errors.slice(-2000));
      assert.equal(Buffer.compare(output, input), 0);
      new NumberLines().take(new TextEncoder().encode(errors));
      assert.equal(errors.length, 50_000 * 9);
    } finally {
      clearTimeout(guard);
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    }
  });

  it("a callback gets the streams of a first and of a further process before they run", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const outputs: Promise<string>[] = [];
      const task = await bed.client.start(id, {
        stdio: async ({ stdin, stdout, stderr }) => {
          assert.equal((await bed.client.status(id)).state, "created");
          assert.ok(stderr);
          outputs.push(textOf(stdout), textOf(stderr));
          // Held until the end, so that the further process has a container to run in.
          stdin.getWriter().write(new TextEncoder().encode("to the first"));
        },
      });
      const further = await bed.client.exec(id, "further", commandProcess(`cat; ${print}`), {
        stdio: async ({ stdin, stdout, stderr }) => {
          assert.equal((await bed.client.status(id, "further")).state, "created");
          assert.ok(stderr);
          outputs.push(textOf(stdout), textOf(stderr));
          const writer = stdin.getWriter();
          writer.write(new TextEncoder().encode("to the further one\n"));
          await writer.close();
        },
      });
      assertExited(await further.wait(), 0);
      await bed.client.closeStdin(id, "init");
      assertExited(await task.wait(), 0);
      assert.deepEqual(await Promise.all(outputs), [
        "to the first",
        "",
        "to the further one\nto out\n",
        "to err\n",
      ]);
    });
  });

  it("what cannot be served is refused before a task is made", async () => {
    await bed.withContainer(commandSpec(["cat"]), async (id) => {
      const uri = `file://${folder}/never`;
      for (
        const [stdio, field] of [
          [{ stdout: { uri }, stderr: "piped" }, "stdio.stderr"],
          [{ stderr: { uri } }, "stdio.stderr"],
          [{ stdin: "piped", stdout: { uri: "binary:///bin/true" } }, "stdio.stdin"],
          [{ stdout: { file: "relative" } }, "stdio.stdout"],
          [{ stdin: { file: `${folder}/missing` } }, "stdio.stdin"],
        ] as const
      ) {
        await rejectsWith(bed.client.start(id, { stdio }), "invalid_argument", { field });
      }
      await rejectsWith(bed.client.status(id), "failed_precondition", { containerId: id });
      assert.equal(existsSync(`${folder}/never`), false);
    });
  });
});
