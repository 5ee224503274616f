// Runs plain processes of this host, by the runtime plugin in ./plugin, which is written from
// outside as a third party would. It needs neither a daemon nor root.

import { Client, Registry } from "../src/mod.ts";
import { linuxSpec, processSpec } from "../src/oci/mod.ts";

const SHIM = "org.example.host.v1";

// The plugin is loaded on first use.
const client = new Client(new Registry({ [SHIM]: () => import("./plugin/host-runtime.ts") }));
try {
  const args = ["sh", "-c", "read name; echo hello $name; exit 7"];
  const spec = linuxSpec({ args, rootfs: "/", readonlyRootfs: true });
  await client.create("greeter", spec, SHIM);
  const greeter = await client.start("greeter", { stdio: { stdin: "piped", stdout: "piped" } });

  const uname = await client.exec("greeter", "uname", processSpec({ args: ["uname", "-s"] }), {
    stdio: { stdout: "piped" },
  });
  console.log(`exec     ${(await new Response(uname.stdio.stdout).text()).trimEnd()}`);

  const writer = greeter.stdio.stdin.getWriter();
  await writer.write(new TextEncoder().encode("world\n"));
  await writer.close();
  console.log(`output   ${(await new Response(greeter.stdio.stdout).text()).trimEnd()}`);
  const status = await greeter.wait();
  console.log(`wait     ${status.state === "exited" ? `code ${status.code}` : status.reason}`);

  // What a runtime does not have says so by its kind of error.
  await client.stats("greeter").catch(({ code }: { readonly code?: string }) => {
    console.log(`stats    ${code}`);
  });
} finally {
  await client.delete("greeter", { force: true }).catch(() => {});
  await client[Symbol.asyncDispose]();
}
