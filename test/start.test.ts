import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cacheDir, repositoryDir } from "./helpers/cache.ts";
import { runScript, type ScriptResult } from "./helpers/runtime.ts";

/** A busy machine may need long to start a daemon. */
const budgetMs = 110_000;

/** The first script of README.md, as a user copies it. */
function firstScript(): string {
  const readme = readFileSync(`${repositoryDir}/README.md`, "utf8");
  const [, block] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? [];
  assert.ok(block !== undefined, "README.md begins with a script");
  return block;
}

describe("npm start", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "lcstart-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Does as `npm start -- my.ts` in a folder that is none of the clone's. */
  function start(text: string): Promise<ScriptResult> {
    writeFileSync(join(folder, "my.ts"), text);
    return runScript("node24", `${repositoryDir}/test/setup/start.mjs`, ["my.ts"], {
      env: { INIT_CWD: folder },
      cwd: repositoryDir,
      budgetMs,
    });
  }

  it("npm start runs the first script of README.md, anywhere", async () => {
    const text = firstScript();
    assert.match(text, /from "libcontainerd\/auto"/);
    const { code, stdout, stderr } = await start(text);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^hello\n\{[^}]*state: 'exited',\s+code: 0,/m);
  });

  it("npm start maps every module that the package has to its source", async () => {
    const { exports } = JSON.parse(readFileSync(`${repositoryDir}/package.json`, "utf8"));
    const names = Object.keys(exports).filter((name) => name !== "./package.json");
    assert.ok(names.includes("./recorder"));
    const { code, stdout, stderr } = await start(
      names.filter((name) => name !== "./testing").map((name) =>
        `console.log(import.meta.resolve("libcontainerd${name.slice(1)}"));\n`
      ).join("") + `await import("libcontainerd"); await import("libcontainerd/web");\n`,
    );
    assert.equal(code, 0, stdout + stderr);
    const found = stdout.split("\n").filter((line) => line.startsWith("file:"));
    assert.equal(found.length, names.length - 1, stdout);
    assert.deepEqual(found.filter((url) => !/\/(src|plugins)\/.*\.ts$/.test(url)), []);
  });

  it("npm start leaves the words of a script that fails to be read, and no pipes", async () => {
    const { code, stdout, stderr } = await start(`
import { connect } from "libcontainerd/auto";
import { linuxSpec } from "libcontainerd/spec";
const client = await connect();
const spec = linuxSpec({ args: ["sleep", "600"], rootfs: "/", readonlyRootfs: true });
await client.create("web", spec, "io.containerd.runc.v2", { remove: true });
await client.start("web", { stdio: { stdout: "piped" } });
console.log("namespace " + process.env.CONTAINERD_NAMESPACE);
throw new Error("of the script");
`);
    assert.equal(code, 1, stdout + stderr);
    const [, namespace] = /^namespace (\S+)$/m.exec(stdout) ?? [];
    assert.ok(namespace !== undefined, stdout + stderr);
    assert.match(stderr, /Error: of the script/);
    const log = `${cacheDir}/containerd.log`;
    assert.ok(stderr.includes(`The command ended with 1; containerd's log: ${log}\n`), stderr);
    assert.doesNotMatch(stdout + stderr, /level=/);
    assert.match(readFileSync(log, "utf8"), /level=info/);
    const left = list("/run/libcontainerd/fifo").filter((name) => name.includes(namespace));
    assert.deepEqual(left, []);
  });

  it("npm start prints containerd's log if that ended by itself", async () => {
    const { code, stderr } = await start(`
import { connect } from "libcontainerd/auto";
import { readdirSync, readFileSync } from "node:fs";
const config = process.env.CONTAINERD_ADDRESS.replace(/^unix:\\/\\//, "").replace(/c\\.sock$/, "config.toml");
const isDaemon = (pid) => {
  try {
    return readFileSync("/proc/" + pid + "/cmdline", "utf8").split("\\0").includes(config);
  } catch {
    return false;
  }
};
const [pid] = readdirSync("/proc").filter((name) => /^\\d+$/.test(name) && isDaemon(name));
const client = await connect();
const events = client.events();
await events.ready;
process.kill(Number(pid), "SIGKILL");
for await (const { type } of events) if (type === "disconnected") process.exit(7);
`);
    assert.equal(code, 7, stderr);
    assert.match(stderr, /^containerd ended with SIGKILL by itself; the last lines of its log:$/m);
    assert.match(stderr, /level=info/);
  });
});

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
