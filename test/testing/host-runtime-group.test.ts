import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hostRuntime } from "../../examples/plugin/host-runtime.ts";
import { Client, Registry } from "../../src/mod.ts";
import { linuxSpec } from "../../src/oci/mod.ts";
import { eventually } from "../helpers/eventually.ts";
import { isRunning } from "../helpers/processes.ts";

const shim = "org.example.host.v1";

describe("hostRuntime()", () => {
  it("hostRuntime() ends what the first process has started, when that ends by itself", async () => {
    const client = new Client(new Registry({ [shim]: hostRuntime() }));
    try {
      const args = ["sh", "-c", "sleep 3600 > /dev/null & echo $!"];
      const spec = linuxSpec({ args, rootfs: "/", readonlyRootfs: true });
      await client.create("parent", spec, shim);
      const task = await client.start("parent", { stdio: { stdout: "piped" } });
      const pid = Number(await new Response(task.stdio.stdout).text());
      assert.ok(pid > 0);
      const status = await task.wait();
      assert.equal(status.state === "exited" && status.code, 0);
      await eventually(`the end of process ${pid}`, () => !isRunning(pid));
    } finally {
      await client.delete("parent", { force: true });
      await client[Symbol.asyncDispose]();
    }
  });
});
