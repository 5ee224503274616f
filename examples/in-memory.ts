// Tests a program that uses containers, without containers: on the runtime in memory, whose programs
// are functions and whose faults are those of real runtimes. It needs neither a daemon nor root.

import { memory, MemoryHost, script } from "../plugins/memory/mod.ts";
import { Client, isContainerError, Registry } from "../src/mod.ts";
import { linuxSpec } from "../src/oci/mod.ts";

/** What is tested: it asks a container for a greeting, and says so where it gets none. */
async function greeting(client: Client, name: string): Promise<string> {
  const spec = linuxSpec({ args: ["greet", name], rootfs: "/srv/greeter" });
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const text = new Response(readable).text();
  try {
    const stdio = { stdout: writable };
    const status = await client.run(`greet-${name}`, spec, "io.containerd.runc.v2", { stdio });
    if (status.state === "lost") return "nobody knows";
    return status.code === 0 ? await text : `failed with ${status.code}`;
  } catch (error) {
    text.catch(() => {});
    if (!isContainerError(error)) throw error;
    return `no container: ${error.code}`;
  }
}

const host = new MemoryHost({
  programs: {
    greet: async ({ args: [, name = ""], print, sleep }) => {
      if (name === "nobody") return 1;
      if (name === "sloth") await sleep(Infinity);
      await print(`hello ${name}`);
      return 0;
    },
    server: script([{ print: "ready\n" }, { awaitSignal: "TERM" }, { exit: 0 }]),
  },
});
const client = new Client(new Registry({}, { fallback: memory({ host }) }));
try {
  console.log(`world    ${await greeting(client, "world")}`);
  console.log(`nobody   ${await greeting(client, "nobody")}`);

  const fault = host.faults.failCalls({ method: "start", code: "unavailable", times: 1 });
  console.log(`fault    ${await greeting(client, "world")}, struck ${fault.count} time`);

  const events = client.events();
  await events.ready;
  const asked = greeting(client, "sloth");
  for await (const event of events) if (event.type === "start") break;
  host.faults.killShim("greet-sloth");
  console.log(`shim     ${await asked}`);

  const { containers, tasks, processes } = host.residue();
  console.log(`residue  ${containers} containers, ${tasks} tasks, ${processes} processes`);
} finally {
  await client[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
}
