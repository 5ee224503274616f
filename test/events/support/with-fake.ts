import { type Client as RpcClient, createClient } from "@connectrpc/connect";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Tasks } from "../../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Client } from "../../../src/client.ts";
import type { ClientOptions } from "../../../src/client-options.ts";
import { linuxSpec } from "../../../src/oci/linux-spec.ts";
import { processSpec } from "../../../src/oci/process-spec.ts";
import { Registry } from "../../../src/registry.ts";
import type { Process, Task } from "../../../src/runtime.ts";
import { FakeContainerd } from "../../faults/fake-containerd.ts";
import { taskEvent } from "../../faults/task-event.ts";
import { RecordedEvents } from "./recorded-events.ts";

/** A fake daemon with a client that reads its events. */
export interface FakeSetting {
  /** The daemon. */
  readonly fake: FakeContainerd;
  /** The client. */
  readonly client: Client;
  /** What the client reads. */
  readonly events: RecordedEvents;
  /** Somebody else's way to the tasks, of which the client learns by events alone. */
  readonly others: RpcClient<typeof Tasks>;
  /** Makes and starts a container by the client. */
  start(id: string): Promise<Task>;
  /** Makes and starts a further process by the client. */
  exec(id: string, processId: string): Promise<Process>;
  /** Makes and starts a task by somebody else. */
  startByOthers(id: string): Promise<void>;
  /** Makes and starts a further process by somebody else. */
  execByOthers(id: string, processId: string): Promise<void>;
  /** Waits until what was told of a container before this call was read. */
  settled(id: string): Promise<void>;
}

/** A client of a fake daemon. */
export function openFake(fake: FakeContainerd, options: ClientOptions = {}): Client {
  const fallback = containerd({ rpc: grpc({ address: fake.address }) });
  return new Client(new Registry({}, { fallback }), options);
}

const shim = "io.containerd.runc.v2";

/** Runs a test with a fake daemon and a client that is subscribed. */
export async function withFake(
  test: (setting: FakeSetting) => Promise<void>,
  options: ClientOptions = {},
): Promise<void> {
  const fake = await FakeContainerd.start();
  const client = openFake(fake, options);
  const rpc = await grpc({ address: fake.address })();
  const others = createClient(Tasks, rpc.transport);
  try {
    const events = await RecordedEvents.open(client);
    await test({ fake, client, events, others, ...acts({ fake, client, events, others }) });
    await events[Symbol.asyncDispose]();
  } finally {
    // Connections go first: no removal may wait for a daemon that answers nothing.
    await fake[Symbol.asyncDispose]();
    await rpc[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
  }
}

function acts(
  { fake, client, events, others }: Pick<FakeSetting, "fake" | "client" | "events" | "others">,
): Pick<FakeSetting, "start" | "exec" | "startByOthers" | "execByOthers" | "settled"> {
  return {
    async start(id) {
      await client.create(id, linuxSpec({ args: ["true"], rootfs: "/" }), shim);
      return await client.start(id);
    },
    exec: (id, processId) => client.exec(id, processId, processSpec({ args: ["true"] })),
    async startByOthers(containerId) {
      await others.create({ containerId });
      await others.start({ containerId });
    },
    async execByOthers(containerId, execId) {
      await others.exec({ containerId, execId });
      await others.start({ containerId, execId });
    },
    // A checkpoint is told in order with all else of its container, and changes nothing.
    async settled(id) {
      const line = `checkpointed ${id}`;
      const before = events.lines.filter((each) => each === line).length;
      fake.emit(taskEvent.checkpointed(id));
      await events.until(line, { times: before + 1 });
    },
  };
}
