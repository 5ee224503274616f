import process from "node:process";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import { linuxProgramProcess, linuxProgramSpec } from "../../plugins/testing/linux-programs.ts";
import type { Program } from "../../plugins/testing/program.ts";
import { sharedRootfs } from "../helpers/cache.ts";

const [mode, address = "", namespace = "", home = "", id = "", argument = ""] = process.argv
  .slice(2);
const fallback = containerd({
  rpc: grpc({ address }),
  stdio: fifo({ directory: `${home}/fifo` }),
  namespace,
});
const client = new Client(new Registry({}, { fallback }));

if (mode === "inherit") {
  // Runs a program, given as JSON, with the streams of this process.
  const spec = linuxProgramSpec(JSON.parse(argument) as Program, { rootfs: sharedRootfs });
  const status = await client.run(id, spec, "io.containerd.runc.v2", {
    stdio: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
  });
  await client[Symbol.asyncDispose]();
  process.exitCode = status.state === "exited" ? status.code : 1;
} else {
  // Sends a text to what copies its input, prints what comes back, and waits to be killed.
  const piped = { stdin: "piped", stdout: "piped" } as const;
  const { stdio } = mode === "exec-piped"
    ? await client.exec(id, "copy", linuxProgramProcess({ does: "copy" }), { stdio: piped })
    : await client.start(id, { stdio: piped });
  const bytes = new TextEncoder().encode(argument);
  await stdio.stdin.getWriter().write(bytes);
  const reader = stdio.stdout.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < argument.length) {
    const { value } = await reader.read();
    text += decoder.decode(value, { stream: true });
  }
  process.stdout.write(text);
  setInterval(() => {}, 1000);
}
