import process from "node:process";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc } from "../../plugins/grpc/mod.ts";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import { linuxProgramSpec } from "../contract/linux-programs.ts";
import type { Program } from "../contract/program.ts";

// Runs one program, given as JSON, with the streams of this process.
const [address = "", namespace = "", rootfs = "", id = "", program = ""] = process.argv.slice(2);
const fallback = containerd({ rpc: grpc({ address }), stdio: fifo(), namespace });
const client = new Client(new Registry({}, { fallback }));
try {
  const spec = linuxProgramSpec(JSON.parse(program) as Program, { rootfs });
  const status = await client.run(id, spec, "io.containerd.runc.v2", {
    stdio: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
  });
  if (status.state !== "exited" || status.code !== 0) process.exitCode = 1;
} finally {
  await client[Symbol.asyncDispose]();
}
