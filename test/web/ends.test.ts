import { createClient, type Transport } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener, ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { frame, grpcWebHeaders } from "./misbehaving-server.ts";
import { errorOf, openStream, withServer } from "./with-server.ts";

/** Subscribes without Connect's client, whose iterator does not pass on that its reader leaves. */
async function subscribe(transport: Transport) {
  const { message } = await transport.stream(
    Events.method.subscribe,
    undefined,
    undefined,
    undefined,
    createAsyncIterable([{}]),
  );
  return message;
}

/** Reads the first message of a stream, so that it is under way on both sides. */
async function underWay<T>(stream: AsyncIterable<T>, { arrived }: ReturnType<typeof openStream>) {
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const [request, response] = await arrived;
  return { iterator, request, closed: once(response, "close") };
}

describe("ends of calls of web()", () => {
  it("a connection that breaks fails a stream with unavailable", async () => {
    const open = openStream();
    await withServer(open.listener, {}, async ({ transport }, baseUrl) => {
      const stream = createClient(Events, transport).subscribe({});
      const { iterator, request } = await underWay(stream, open);
      request.socket.destroy();
      const error = await errorOf(iterator.next());
      assert.equal(error.code, "unavailable");
      assert.ok(error.message.includes(`"${baseUrl}"`), error.message);
    });
  });

  it("a call whose signal has aborted is not sent", async () => {
    let arrived = 0;
    await withServer(() => void arrived++, {}, async ({ transport }) => {
      const signal = AbortSignal.abort(new Error("enough"));
      await assert.rejects(createClient(Version, transport).version({}, { signal }));
      const stream = createClient(Events, transport).subscribe({}, { signal });
      await assert.rejects(stream[Symbol.asyncIterator]().next());
    });
    assert.equal(arrived, 0);
  });

  it("an abort ends the request of a stream", async () => {
    const open = openStream();
    const stop = new AbortController();
    await withServer(open.listener, {}, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({}, { signal: stop.signal });
      const { iterator, closed } = await underWay(stream, open);
      stop.abort(new Error("enough"));
      await assert.rejects(iterator.next());
      await closed;
    });
  });

  it("a reader that leaves ends the request of a stream", async () => {
    const open = openStream();
    await withServer(open.listener, {}, async ({ transport }) => {
      let closed: Promise<unknown> | undefined;
      for await (const _ of await subscribe(transport)) {
        const [, response] = await open.arrived;
        closed = once(response, "close");
        break;
      }
      await closed;
    });
  });

  it("return() ends a read that is under way, and the stream for good", async () => {
    const open = openStream();
    await withServer(open.listener, {}, async ({ transport }) => {
      const { iterator, closed } = await underWay(await subscribe(transport), open);
      const next = iterator.next();
      const end = { done: true, value: undefined };
      assert.deepEqual(await iterator.return?.(), end);
      assert.deepEqual(await next, end);
      assert.deepEqual(await iterator.next(), end);
      await closed;
    });
  });

  it("an abort ends a stream of a fetch that ignores signals", async () => {
    const { promise: canceled, resolve } = Promise.withResolvers<unknown>();
    const deaf: typeof fetch = (input, { signal: _, ...init } = {}) => {
      if (!String(input).includes("Subscribe")) return fetch(input, init);
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(frame(0, "")),
        cancel: resolve,
      });
      return Promise.resolve(new Response(body, { headers: grpcWebHeaders }));
    };
    const stop = new AbortController();
    await withServer(() => {}, { fetch: deaf }, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({}, { signal: stop.signal });
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const next = assert.rejects(iterator.next());
      stop.abort(new Error("enough"));
      await next;
      await canceled;
    });
  });

  it("an abort ends a stream after garbage was collected", async () => {
    const open = openStream();
    const stop = new AbortController();
    await withServer(open.listener, {}, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({}, { signal: stop.signal });
      const { iterator, closed } = await underWay(stream, open);
      const next = assert.rejects(iterator.next());
      // Not in the same turn, in which everything that was touched is kept.
      await new Promise((resolve) => setTimeout(resolve));
      collectGarbage();
      stop.abort(new Error("enough"));
      await next;
      await closed;
    });
  });

  it("disposal ends open calls with unavailable, and refuses more", async () => {
    const open = openStream();
    const { promise: unaryArrived, resolve } = Promise.withResolvers<ServerResponse>();
    const listener: RequestListener = (request, response) => {
      if (request.url?.includes("Version")) resolve(response);
      else open.listener(request, response);
    };
    await withServer(listener, {}, async (rpc, baseUrl) => {
      const client = createClient(Version, rpc.transport);
      const unary = errorOf(client.version({}));
      const iterator = createClient(Events, rpc.transport).subscribe({})[Symbol.asyncIterator]();
      await iterator.next();
      const [, response] = await open.arrived;
      const closed = [once(response, "close"), once(await unaryArrived, "close")];
      const next = errorOf(iterator.next());
      await rpc[Symbol.asyncDispose]();
      await rpc[Symbol.asyncDispose]();
      const message = `Cannot try: cannot call "${baseUrl}": connection closed`;
      for (const error of [await unary, await next, await errorOf(client.version({}))]) {
        assert.equal(error.code, "unavailable");
        assert.equal(error.message, message);
      }
      await Promise.all(closed);
    });
  });
});
