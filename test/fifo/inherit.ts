/** Runs the shim script of the first argument with the streams of this process. */
import process from "node:process";
import { fifo } from "../../plugins/fifo/mod.ts";
import { startShim } from "./shim.ts";

let shim: ReturnType<typeof startShim> | undefined;
const session = await fifo().prepare({
  containerId: "box",
  processId: "init",
  terminal: false,
  stdio: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
  onStdinClosed: () => shim?.tell("CloseIO"),
});
try {
  shim = startShim(session.paths, process.argv[2] ?? "");
  await shim.opened;
  session.release();
  await shim.ended;
  const { truncated } = await session.drain(30_000);
  if (truncated) process.exitCode = 3;
} finally {
  await session.close();
}
