import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { cacheDir } from "../helpers/cache.ts";
import { startDaemon } from "../helpers/daemon.ts";

// Runs a command with a private containerd beside it: `with-daemon.ts COMMAND [ARGUMENT]...`. The
// command finds the daemon in CONTAINERD_ADDRESS; the daemon ends with it, or with Ctrl-C.

const [file, ...args] = process.argv.slice(2);
if (file === undefined) throw new Error("Cannot run a command beside containerd: none is given");

const keptLog = `${cacheDir}/containerd.log`;
let child: ChildProcess | undefined;
let interruptedBy: number | undefined;

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  process.on(signal, () => {
    interruptedBy = code;
    // Without a command yet there is nothing to wait for: the exit handler removes the daemon.
    if (child === undefined) process.exit(code);
    child.kill(signal);
    setTimeout(() => child?.kill("SIGKILL"), 5000).unref();
  });
}

const daemon = await startDaemon();
console.log(`containerd ${daemon.version} answers at ${daemon.address}`);
try {
  child = spawn(file, args, {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: daemon.path,
      CONTAINERD_ADDRESS: daemon.address,
      CONTAINERD_NAMESPACE: daemon.namespace,
    },
  });
  const [code, signal] = await once(child, "exit");
  process.exitCode = interruptedBy ?? code ?? 1;
  if (daemon.ended !== undefined) {
    console.error(`containerd ${daemon.ended} by itself; the last lines of its log:`);
    console.error(daemon.logTail());
  } else if (process.exitCode !== 0 && interruptedBy === undefined) {
    // The daemon's folder goes with it; the log of the last command that failed is kept.
    daemon.copyLog(keptLog);
    console.error(`The command ended with ${signal ?? code}; containerd's log: ${keptLog}`);
  }
} finally {
  await daemon.stop();
  console.log("containerd has ended; all that it had is removed");
}
