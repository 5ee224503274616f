import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { closeDebian, defaultContainerdVersion, ensureContainerd, ensureRunc } from "./debian.mjs";
import { ensureNode, ensurePackages } from "./npm-packages.mjs";
import { cache, root } from "./paths.mjs";

// A script's `libcontainerd` are the sources of this clone.
const sourcesHook = pathToFileURL(join(root, "test/setup/sources-hook.mjs")).href;

/**
 * Shows the library at work: a private containerd, the quickstart example, or the script that is
 * given with its arguments, and everything away again. It gets what is missing into the project's
 * folder and changes nothing else.
 */
async function main() {
  if (process.getuid?.() !== 0) {
    throw new Error("Cannot start a containerd of its own: that needs root, as mounts do");
  }
  console.log(title());
  await ensurePackages({ production: true });
  const node = await ensureNode();
  try {
    await ensureContainerd(defaultContainerdVersion);
    await ensureRunc();
  } finally {
    closeDebian();
  }
  const [script = join(root, "examples/quickstart.ts"), ...rest] = process.argv.slice(2);
  // npm itself has changed to the project's folder.
  const file = resolve(process.env.INIT_CWD ?? "", script);
  const args = ["test/setup/with-daemon.ts", node, `--import=${sourcesHook}`, file, ...rest];
  const child = spawn(node, args, { cwd: root, stdio: "inherit" });
  // The child ends the daemon; this process waits for that.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

function title() {
  if (existsSync(join(cache, "containerd", defaultContainerdVersion))) {
    return "Uses the containerd and runc in .cache; the system stays as it is";
  }
  return isOnPath("containerd") && isOnPath("runc")
    ? "This machine has containerd and runc; gets its own into .cache, and leaves them alone"
    : "This machine has no containerd and runc: gets them into .cache; the system stays as it is";
}

function isOnPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, program)));
}

process.exitCode = await main().catch((error) => {
  console.error(error.message);
  return 1;
});
