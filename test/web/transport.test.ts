import { create, toBinary } from "@bufbuild/protobuf";
import { createClient, type Interceptor } from "@connectrpc/connect";
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { toContainerError } from "../../plugins/rpc/errors.ts";
import type { Rpc } from "../../plugins/rpc/mod.ts";
import { web, type WebOptions } from "../../plugins/web/mod.ts";
import { Content } from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import {
  Version,
  VersionResponseSchema,
} from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import type { ContainerError } from "../../src/errors.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { frame, grpcWebHeaders, MisbehavingServer, okTrailer } from "./misbehaving-server.ts";

const version = frame(
  0,
  toBinary(VersionResponseSchema, create(VersionResponseSchema, { version: "v2" })),
);

/** Runs a test with a connection to a server that is healthy and else answers so. */
async function withServer(
  listener: RequestListener,
  options: Omit<WebOptions, "baseUrl">,
  test: (rpc: Rpc, baseUrl: string) => Promise<void>,
): Promise<void> {
  const server = await MisbehavingServer.start((request, response) => {
    if (!request.url?.includes("Health")) return listener(request, response);
    const connect = request.headers["content-type"] === "application/proto";
    if (connect) response.writeHead(200, { "content-type": "application/proto" }).end();
    else response.writeHead(200, grpcWebHeaders).end(Buffer.concat([frame(0, ""), okTrailer]));
  });
  try {
    const rpc = await web({ baseUrl: server.baseUrl, ...options })();
    try {
      await test(rpc, server.baseUrl);
    } finally {
      await rpc[Symbol.asyncDispose]();
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

function answerVersion(response: ServerResponse): void {
  response.writeHead(200, grpcWebHeaders).end(Buffer.concat([version, okTrailer]));
}

async function errorOf(call: Promise<unknown>): Promise<ContainerError> {
  return await call.then(
    () => assert.fail("succeeded"),
    (error: unknown) => toContainerError(error, { action: "Cannot try", plugin: "test" }),
  );
}

/** Begins a subscription whose answer is open; gives what the server has of it. */
function openStream(): {
  readonly listener: RequestListener;
  readonly arrived: Promise<readonly [IncomingMessage, ServerResponse]>;
} {
  const { promise, resolve } = Promise.withResolvers<readonly [IncomingMessage, ServerResponse]>();
  return {
    arrived: promise,
    listener: (request, response) => {
      response.writeHead(200, grpcWebHeaders);
      response.write(frame(0, ""));
      resolve([request, response]);
    },
  };
}

describe("transport of web()", () => {
  it("headers are sent with each request, a function is asked for each", async () => {
    const seen: (string | undefined)[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization);
      answerVersion(response);
    };
    await withServer(listener, { headers: { authorization: "fixed" } }, async ({ transport }) => {
      await createClient(Version, transport).version({});
    });
    let calls = 0;
    const headers = () => Promise.resolve({ authorization: `token ${++calls}` });
    await withServer(listener, { headers }, async ({ transport }) => {
      await createClient(Version, transport).version({});
      await createClient(Version, transport).version({});
    });
    // The first token went with the question for health.
    assert.deepEqual(seen, ["fixed", "token 2", "token 3"]);
  });

  it("headers of a call win over those of the options", async () => {
    const seen: unknown[] = [];
    const headers = { "containerd-namespace": "options", "x-other": "kept" };
    await withServer(
      (request, response) => {
        seen.push(request.headers["containerd-namespace"], request.headers["x-other"]);
        answerVersion(response);
      },
      { headers },
      async ({ transport }) => {
        const own = { headers: { "containerd-namespace": "call" } };
        await createClient(Version, transport).version({}, own);
      },
    );
    assert.deepEqual(seen, ["call", "kept"]);
  });

  it("headers that cannot be made fail the call with unavailable", async () => {
    let asked = 0;
    const headers = () => {
      if (asked++ === 0) return {};
      throw new Error("no token");
    };
    await withServer(
      (_, response) => answerVersion(response),
      { headers },
      async (rpc, baseUrl) => {
        const error = await errorOf(createClient(Version, rpc.transport).version({}));
        assert.equal(error.code, "unavailable");
        assert.equal(
          error.message,
          `Cannot try: cannot make headers for "${baseUrl}": no token`,
        );
      },
    );
  });

  it("headers that are being made are told of an abort", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    let asked = 0;
    const headers: WebOptions["headers"] = ({ signal }) =>
      asked++ === 0 ? {} : new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        stop.abort(reason);
      });
    await withServer((_, response) => answerVersion(response), { headers }, async (rpc) => {
      const { signal } = stop;
      const call = createClient(Version, rpc.transport).version({}, { signal });
      await assert.rejects(
        call.catch((error: unknown) => {
          throw toContainerError(error, { action: "Cannot try", plugin: "test", signal });
        }),
        (error) => error === reason,
      );
    });
  });

  it("interceptors wrap unary calls and streams", async () => {
    const seen: string[] = [];
    const intercept: Interceptor = (next) => (request) => {
      seen.push(request.method.name);
      return next(request);
    };
    await withServer(
      (request, response) => {
        if (request.url?.includes("Version")) answerVersion(response);
        else response.writeHead(200, grpcWebHeaders).end(okTrailer);
      },
      { interceptors: [intercept] },
      async ({ transport }) => {
        await createClient(Version, transport).version({});
        for await (const _ of createClient(Events, transport).subscribe({}));
      },
    );
    assert.deepEqual(seen, ["Check", "Version", "Subscribe"]);
  });

  it("fetch is used where one is given, with credentials only where they are asked for", async () => {
    const seen: RequestInit[] = [];
    const own: typeof fetch = (input, init) => {
      seen.push(init ?? {});
      return fetch(input, init);
    };
    const options = { fetch: own, credentials: "omit" } as const;
    await withServer((_, response) => answerVersion(response), { fetch: own }, async () => {});
    await withServer((_, response) => answerVersion(response), options, async () => {});
    assert.deepEqual(seen.map(({ redirect }) => redirect), ["manual", "manual"]);
    assert.deepEqual(seen.map((init) => "credentials" in init), [false, true]);
    assert.equal(seen[1]?.credentials, "omit");
  });

  it("maxMessageBytes limits what is sent, before it is sent", async () => {
    for (const protocol of ["grpc-web", "connect"] as const) {
      let arrived = 0;
      const listener: RequestListener = (_, response) => {
        arrived++;
        response.writeHead(503).end();
      };
      await withServer(listener, { protocol, maxMessageBytes: 100 }, async ({ transport }) => {
        // With tag and length it is two bytes more.
        const stream = (length: number) =>
          createClient(Events, transport).subscribe({ filters: ["x".repeat(length)] })
            [Symbol.asyncIterator]().next();
        const unary = (length: number) =>
          createClient(Events, transport).publish({ topic: "x".repeat(length) });
        for (const send of [stream, unary]) {
          const error = await errorOf(send(99));
          assert.equal(error.code, "resource_exhausted");
          assert.match(error.message, /message of 101 bytes is larger than 100$/);
        }
        assert.equal(arrived, 0);
        for (const send of [stream, unary]) await errorOf(send(98));
        assert.equal(arrived, 2);
      });
    }
  });

  it("maxMessageBytes limits what is received, before it is there", async () => {
    const open = openStream();
    await withServer(open.listener, { maxMessageBytes: 1000 }, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({});
      const iterator = stream[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).done, false);
      const [, response] = await open.arrived;
      const closed = once(response, "close");
      response.write(frame(0, "x".repeat(1001)).subarray(0, 5));
      const error = await errorOf(iterator.next());
      assert.equal(error.code, "resource_exhausted");
      assert.match(error.message, /message of 1001 bytes is larger than 1000$/);
      await closed;
    });
  });

  it("maxMessageBytes limits the bare answers of the Connect protocol", async () => {
    await withServer(
      (_, response) => {
        response.writeHead(200, { "content-type": "application/proto" });
        response.end("x".repeat(1001));
      },
      { protocol: "connect", maxMessageBytes: 1000 },
      async ({ transport }) => {
        const error = await errorOf(createClient(Version, transport).version({}));
        assert.equal(error.code, "resource_exhausted");
      },
    );
  });

  it("messages of just the limit pass, in pieces of any size", async () => {
    const open = openStream();
    await withServer(open.listener, { maxMessageBytes: 1000 }, async ({ transport }) => {
      const stream = createClient(Events, transport).subscribe({});
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const [, response] = await open.arrived;
      // Field 2 of the envelope, its namespace, in all 1000 bytes.
      const body = new Uint8Array(1000).fill(0x61);
      body.set([0x12, 0xe5, 0x07]);
      for (const byte of frame(0, body)) {
        await new Promise<void>((resolve) => response.write(Uint8Array.of(byte), () => resolve()));
      }
      const { value } = await iterator.next();
      assert.equal(value?.namespace, "a".repeat(997));
      response.end(okTrailer);
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    });
  });

  it("an answer that is no message fails the call with internal", async () => {
    const flagged = version.slice();
    flagged[0] = 4;
    const bodies = [
      Buffer.concat([flagged, okTrailer]),
      Buffer.concat([version, okTrailer, frame(0, "")]),
    ];
    for (const body of bodies) {
      await withServer(
        (_, response) => void response.writeHead(200, grpcWebHeaders).end(body),
        {},
        async ({ transport }) => {
          const error = await errorOf(createClient(Version, transport).version({}));
          assert.equal(error.code, "internal");
        },
      );
    }
  });

  it("a connection that breaks fails a stream with unavailable", async () => {
    const open = openStream();
    await withServer(open.listener, {}, async ({ transport }, baseUrl) => {
      const stream = createClient(Events, transport).subscribe({});
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const [request] = await open.arrived;
      request.socket.destroy();
      const error = await errorOf(iterator.next());
      assert.equal(error.code, "unavailable");
      assert.ok(error.message.includes(`"${baseUrl}"`), error.message);
    });
  });

  it("a redirect in the midst fails the call with unavailable", async () => {
    await withServer(
      (_, response) => void response.writeHead(302, { location: "/login" }).end(),
      {},
      async ({ transport }) => {
        const error = await errorOf(createClient(Version, transport).version({}));
        assert.equal(error.code, "unavailable");
        assert.match(error.message, /redirected to "\/login" \(HTTP 302\)$/);
      },
    );
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
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const [, response] = await open.arrived;
      const closed = once(response, "close");
      stop.abort(new Error("enough"));
      await assert.rejects(iterator.next());
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
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      const [, response] = await open.arrived;
      const closed = once(response, "close");
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

  it("a request that is a stream is unimplemented, and not sent", async () => {
    let arrived = 0;
    await withServer(() => void arrived++, {}, async ({ transport }) => {
      const writes = (async function* () {})();
      const stream = createClient(Content, transport).write(writes);
      const error = await errorOf(stream[Symbol.asyncIterator]().next());
      assert.equal(error.code, "unimplemented");
      assert.match(error.message, /containerd\.services\.content\.v1\.Content\/Write/);
    });
    assert.equal(arrived, 0);
  });
});
