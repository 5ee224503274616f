import process from "node:process";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import { Registry } from "../../../src/registry.ts";
import { RUNC } from "./open-client.ts";
import { execOf, sleeper } from "./specs.ts";

// Does one thing with a client and comes to its end. What then keeps the process alive, if
// anything, is what is tested: nothing in here ends it.

const [mode = "", address = "", namespace = "", id = "", directory = ""] = process.argv.slice(2);
const say = (text: string) => console.log(text);

const plugin = containerd({ rpc: grpc({ address }), stdio: fifo({ directory }), namespace });
const backend = { processEvent: (_: string, type: string) => say(`backend ${type}`) };
const client = new Client(new Registry({}, { fallback: plugin }), {
  onError: (error) => say(`onError ${error}`),
  ...(mode.startsWith("backend") ? { backend } : {}),
});
const dispose = () => client[Symbol.asyncDispose]();

async function start(): Promise<void> {
  await client.create(id, sleeper(), RUNC);
  await client.start(id);
}

async function wait(): Promise<void> {
  const waiting = client.wait(id);
  say("waiting");
  const status = await waiting;
  say(status.state === "exited" ? `exited ${status.code}` : status.state);
}

async function readEvents(until: string): Promise<void> {
  const events = client.events();
  await events.ready;
  say("ready");
  for await (const event of events) {
    say(event.type);
    if (event.type === until) break;
  }
}

const modes: Readonly<Record<string, () => Promise<unknown>>> = {
  connected: () => client.version(),
  running: start,
  async exec() {
    await start();
    await client.exec(id, "more", execOf("sleep", "600"));
  },
  async piped() {
    await client.create(id, sleeper(), RUNC);
    await client.start(id, { stdio: { stdin: "piped", stdout: "piped", stderr: "piped" } });
  },
  async restored() {
    await start();
    const { alive } = await client.restore(id);
    say(`alive ${alive}`);
  },
  async wait() {
    await start();
    await wait();
  },
  async "wait in the background"() {
    await start();
    wait();
  },
  async "wait for exec"() {
    await start();
    const more = await client.exec(id, "more", execOf("sleep", "600"));
    say("waiting");
    const status = await more.wait();
    say(status.state === "exited" ? `exited ${status.code}` : status.state);
  },
  async "aborted wait"() {
    await start();
    await client.wait(id, "init", { signal: AbortSignal.timeout(1) }).catch(() => {});
  },
  // Not until the deletion: containerd's shims sometimes end before they have told it.
  events: () => readEvents("exit"),
  "events in an outage": () => readEvents("exit"),
  async "events and dispose"() {
    await start();
    const reading = readEvents("none");
    const waiting = client.wait(id).then(() => say("wait resolved"), (error) => say(error.code));
    await dispose();
    await Promise.all([reading, waiting]);
  },
  async "backend and dispose"() {
    await start();
    await dispose();
  },
  async "run and abort"() {
    const controller = new AbortController();
    const running = client.run(id, sleeper(), RUNC, {
      signal: controller.signal,
      stdio: () => {
        // Before it runs: all that was made is undone with nobody waiting but the disposal.
        controller.abort(new Error("enough"));
      },
    });
    await running.catch((error: Error) => say(error.message));
    await dispose();
    say("disposed");
  },
  async "forced delete"() {
    await start();
    await client.delete(id, { force: true });
    say("deleted");
  },
};

await modes[mode]?.();
say("end");
