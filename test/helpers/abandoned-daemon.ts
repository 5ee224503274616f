import { sharedRootfs } from "./cache.ts";
import { startDaemon } from "./daemon.ts";

// Starts a daemon with a running container, says where, and waits to be killed.
const daemon = await startDaemon();
await daemon.ctr(
  "run",
  "--detach",
  "--null-io",
  "--rootfs",
  sharedRootfs,
  "web",
  "/bin/sleep",
  "600",
);
console.log(JSON.stringify({ home: daemon.home, socket: daemon.socket, pid: daemon.pid }));
setInterval(() => {}, 1000);
