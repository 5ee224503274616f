import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, it } from "node:test";
import { type Client, createClient } from "@connectrpc/connect";
import { grpc } from "../../plugins/grpc/mod.ts";
import { isRetryable, type Rpc } from "../../plugins/rpc/mod.ts";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Content, WriteAction } from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Health } from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { rejection } from "../helpers/rejection.ts";
import { failure, take } from "./bed.ts";

let daemon: Daemon;
let rpc: Rpc;
let version: Client<typeof Version>;
let headers: { readonly "containerd-namespace": string };

before(async () => {
  daemon = await startDaemon();
  rpc = await grpc({ address: daemon.address, healthIntervalMs: 100, healthMisses: 1000 })();
  version = createClient(Version, rpc.transport);
  headers = { "containerd-namespace": daemon.namespace };
});

after(async () => {
  await rpc?.[Symbol.asyncDispose]();
  await daemon?.stop();
});

function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 13 + (at >> 9)) & 0xff;
  return bytes;
}

describe("grpc() and containerd", () => {
  it("unary() asks for the version and the health", async () => {
    assert.ok((await version.version({})).version.includes(daemon.version));
    assert.equal((await createClient(Health, rpc.transport).check({})).status, 1);
  });

  it("unary() keeps containerd's kind and text of an error", async () => {
    const call = createClient(Containers, rpc.transport).get({ id: "nope" }, { headers });
    const error = await failure(call);
    assert.equal(error.code, "not_found");
    assert.match(
      error.message,
      /^Cannot test "it": container "nope" in namespace ".*": not found$/,
    );
  });

  it("unary() answers 200 calls at a time", async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => version.version({})));
    assert.equal(new Set(answers.map((answer) => answer.version)).size, 1);
  });

  for (const [name, size] of [["1 MiB", 1 << 20], ["15 MiB", 15 << 20]] as const) {
    it(`unary() sends and reads ${name}`, async () => {
      const containers = createClient(Containers, rpc.transport);
      const id = `big-${size}`;
      const value = pattern(size);
      const runtime = { name: "io.containerd.runc.v2" };
      const spec = { typeUrl: "big", value };
      await containers.create({ container: { id, runtime, spec } }, { headers });
      try {
        const { container } = await containers.get({ id }, { headers });
        assert.ok(Buffer.from(container?.spec?.value ?? []).equals(value));
      } finally {
        await containers.delete({ id }, { headers });
      }
    });
  }

  it("unary() names the limit when containerd refuses a message for its size", async () => {
    const large = await grpc({ address: daemon.address, maxMessageBytes: 64 << 20 })();
    try {
      const containers = createClient(Containers, large.transport);
      const spec = { typeUrl: "big", value: new Uint8Array(17 << 20) };
      const container = { id: "larger", runtime: { name: "x" }, spec };
      const error = await failure(containers.create({ container }, { headers }));
      assert.equal(error.code, "resource_exhausted");
      assert.ok(error.message.includes("16777216"), error.message);
    } finally {
      await large[Symbol.asyncDispose]();
    }
  });

  it("stream() uploads 4 MiB in messages of 256 KiB, four times at once", async () => {
    const content = createClient(Content, rpc.transport);
    const data = pattern(256 << 10);
    const total = 16 * data.byteLength;
    const upload = async (ref: string) => {
      async function* requests() {
        for (let offset = 0; offset < total; offset += data.byteLength) {
          yield { action: WriteAction.WRITE, ref, offset: BigInt(offset), data };
        }
      }
      let last = 0n;
      for await (const response of content.write(requests(), { headers })) last = response.offset;
      await content.abort({ ref }, { headers });
      return last;
    };
    const ends = await Promise.all(["a", "b", "c", "d"].map(upload));
    assert.deepEqual(ends, Array(4).fill(BigInt(total)));
  });

  it("stream() stays open under health checks, which containerd does not mind", async () => {
    const events = createClient(Events, rpc.transport);
    const controller = new AbortController();
    const options = { headers, signal: controller.signal };
    const stream = events.subscribe({}, options)[Symbol.asyncIterator]();
    const next = take(stream, 1);
    let published = true;
    // The subscription may be younger than the first events: publish until one comes back.
    void next.then(() => published = false, () => published = false);
    while (published) {
      await events.publish({ topic: "/test", event: { typeUrl: "x" } }, { headers });
    }
    assert.equal((await next)[0]?.topic, "/test");
    // More of the events may come; the end must not, so nothing is to happen for a few checks.
    const ended = failure(take(stream, Number.POSITIVE_INFINITY), controller.signal);
    const reason = new Error("seen enough");
    const pause = new Promise((resolve) => setTimeout(resolve, 500));
    await Promise.race([pause, ended]);
    controller.abort(reason);
    assert.equal(await rejection(ended), reason);
  });

  it("grpc() loses a stream with the daemon, and finds the daemon again", async () => {
    const events = createClient(Events, rpc.transport);
    const stream = events.subscribe({}, { headers })[Symbol.asyncIterator]();
    const next = rejection(stream.next());
    await version.version({});
    await daemon.kill();
    const lost = await next;
    assert.equal((await failure(Promise.reject(lost))).code, "unavailable");
    assert.equal(isRetryable(lost), true);
    const refused = await rejection(version.version({}));
    assert.equal((await failure(Promise.reject(refused))).code, "unavailable");
    assert.equal(isRetryable(refused), true);
    await daemon.start();
    assert.ok((await version.version({})).version.includes(daemon.version));
  });
});
