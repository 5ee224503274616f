// The whole life of a container, on the host's own files: no image and no network is needed.
// npm start runs it against a containerd of its own; by itself it takes the one of this host.

import { linuxSpec, processSpec } from "../src/oci/mod.ts";
import { connect } from "../plugins/auto/mod.ts";

const SHIM = "io.containerd.runc.v2";
const id = `quickstart-${crypto.randomUUID().slice(0, 8)}`;
const step = (title: string, text: string): void => console.log(`${title.padEnd(8)} ${text}`);

const client = await connect();
try {
  const { runtime, address, reason } = client.describe();
  const { version } = await client.version();
  step("connect", `${runtime} ${version} at ${address} (${reason})`);

  const events = client.events();
  await events.ready;
  const watching = (async () => {
    for await (const event of events) {
      if ("containerId" in event && event.containerId === id) step("event", event.type);
    }
  })();

  // The root file system is the host's own, read-only.
  const spec = linuxSpec({
    args: ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done; read answer; exit 7"],
    rootfs: "/",
    readonlyRootfs: true,
    resources: { memoryLimitBytes: 64 * 1024 * 1024, pidsLimit: 32 },
  });
  await client.create(id, spec, SHIM);
  step("create", id);

  const web = await client.start(id, { stdio: { stdin: "piped", stdout: "piped" } });
  step("start", `pid ${web.pid}`);
  const output = web.stdio.stdout.pipeThrough(new TextDecoderStream());
  const printing = (async () => {
    for await (const text of output) step("output", text.trimEnd());
  })();

  const uptime = await client.exec(id, "who", processSpec({ args: ["id"], like: spec }), {
    stdio: { stdout: "piped" },
  });
  const text = await new Response(uptime.stdio.stdout).text();
  const { state } = await uptime.wait();
  step("exec", `${text.trimEnd()} (${state})`);

  const stats = await client.stats(id);
  const memory = stats.kind === "cgroup1" ? stats.memory?.usage?.usageBytes : undefined;
  step(
    "stats",
    `${stats.kind}, processes ${(await client.listPids(id)).join(", ")}${
      memory === undefined ? "" : `, ${memory / 1024n} KiB of memory`
    }`,
  );

  const writer = web.stdio.stdin.getWriter();
  await writer.write(new TextEncoder().encode("that is all\n"));
  await writer.close();
  const status = await client.wait(id);
  await printing;
  step("wait", status.state === "exited" ? `code ${status.code}` : status.reason);

  await client.deleteTask(id);
  await client.delete(id);
  step("delete", id);
  await events[Symbol.asyncDispose]();
  await watching;
} finally {
  await client.delete(id, { force: true }).catch(() => {});
  await client[Symbol.asyncDispose]();
}
