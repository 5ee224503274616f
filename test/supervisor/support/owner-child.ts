import process from "node:process";
import { supervise } from "../../../plugins/supervisor/mod.ts";
import { eventually } from "../../helpers/eventually.ts";
import { daemonEnv } from "./supervisor-bed.ts";

// Owns a daemon. What keeps the process alive, if anything, is what is tested: nothing here ends it.

const [mode = "", directory = ""] = process.argv.slice(2);

const daemon = await supervise({
  directory,
  env: daemonEnv(),
  startBudgetMs: 60_000,
  healthIntervalMs: 600_000, // whoever waits for it is seen to
});
console.log(`pid ${daemon.pid}`);
if (mode === "hold") setInterval(() => {}, 1000);
if (mode === "crash" && daemon.pid !== undefined) {
  const { pid } = daemon;
  process.kill(pid, "SIGKILL");
  await eventually("its end", () => daemon.pid !== pid);
  await daemon.ready();
  console.log(`pid ${daemon.pid}`);
}
if (mode === "stop") await daemon.stop();
console.log("end");
