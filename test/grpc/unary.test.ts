import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { isRetryable } from "../../plugins/rpc/mod.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { StatusSchema } from "../../proto/gen/google/rpc/status_pb.ts";
import { failure, rejection, versionBytes, withServer } from "./bed.ts";
import type { WireStream } from "./wire-connection.ts";
import { h2Error } from "./wire-frames.ts";
import { grpcMessage } from "./wire-server.ts";

/** Answers the first call and gives its error. */
async function errorOf(
  answer: (stream: WireStream) => Promise<void> | void,
  options: Parameters<typeof withServer>[2] = {},
): Promise<ConnectError> {
  let error: unknown;
  await withServer(
    async (connection) => await answer(await connection.nextStream()),
    async ({ version }) => {
      error = await rejection(version.version({}));
    },
    options,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error;
}

describe("unary()", () => {
  it("unary() sends one message and reads one message", async () => {
    let request: Buffer | undefined;
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      request = await stream.request;
      await stream.answer(versionBytes("2.1.9"));
    }, async ({ version }) => {
      assert.equal((await version.version({})).version, "2.1.9");
      assert.deepEqual([...request ?? []], [0, 0, 0, 0, 0]);
    });
  });

  it("unary() reads a response that arrives byte by byte", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers();
      for (const byte of grpcMessage(versionBytes("slow"))) await stream.data(Uint8Array.of(byte));
      stream.trailers([["grpc-status", "0"]]);
    }, async ({ version }) => {
      assert.equal((await version.version({})).version, "slow");
    });
  });

  it("unary() reads an error without a body, and decodes its text", async () => {
    const text = "container%20%22w%C3%A9b%22%3A not found, 100%";
    const error = await errorOf((stream) => stream.fail("5", [["grpc-message", text]]));
    assert.equal(error.code, Code.NotFound);
    assert.equal(error.rawMessage, 'container "wéb": not found, 100%');
    assert.equal(isRetryable(error), false);
  });

  it("unary() reads an error in trailers after a message", async () => {
    const error = await errorOf(async (stream) => {
      stream.headers();
      await stream.message(versionBytes("x"));
      stream.trailers([["grpc-status", "9"], ["grpc-message", "not so"]]);
    });
    assert.equal(error.code, Code.FailedPrecondition);
    assert.equal(error.rawMessage, "not so");
  });

  it("unary() reads the details of an error", async () => {
    const status = create(StatusSchema, {
      code: 6,
      message: "taken",
      details: [{ typeUrl: "type.googleapis.com/x.Y", value: Uint8Array.of(1, 2) }],
    });
    const bin = Buffer.from(toBinary(StatusSchema, status)).toString("base64").replace(/=+$/, "");
    const error = await errorOf((stream) =>
      stream.fail("6", [["grpc-message", "plain"], ["grpc-status-details-bin", bin]])
    );
    assert.equal(error.code, Code.AlreadyExists);
    assert.equal(error.rawMessage, "taken");
    assert.deepEqual(error.details, [{ type: "x.Y", value: Uint8Array.of(1, 2) }]);
  });

  it("unary() falls back to the plain status when the details are broken", async () => {
    const error = await errorOf((stream) =>
      stream.fail("6", [["grpc-message", "plain"], ["grpc-status-details-bin", "AAAA!"]])
    );
    assert.equal(error.code, Code.AlreadyExists);
    assert.equal(error.rawMessage, "plain");
  });

  it("unary() takes a status that it does not know for unknown", async () => {
    const error = await errorOf((stream) => stream.fail("99", [["grpc-message", "odd"]]));
    assert.equal(error.code, Code.Unknown);
    assert.equal(error.rawMessage, 'unknown gRPC status "99": odd');
  });

  const nonsense: ReadonlyArray<
    readonly [string, (stream: WireStream) => Promise<void> | void, Code, RegExp]
  > = [
    [
      "an HTTP error",
      (stream) => stream.trailers([[":status", "503"], ["content-type", "text/plain"]]),
      Code.Unavailable,
      /^HTTP status 503 instead of a gRPC response$/,
    ],
    [
      "another content type",
      (stream) => stream.trailers([[":status", "200"], ["content-type", "text/html"]]),
      Code.Unknown,
      /^content type "text\/html" instead of a gRPC response$/,
    ],
    [
      "a response without a status",
      async (stream) => {
        stream.headers();
        await stream.message(versionBytes("x"));
        stream.trailers([["x-other", "1"]]);
      },
      Code.Internal,
      /^response ended without a status$/,
    ],
    [
      "a success without a message",
      (stream) => {
        stream.headers();
        stream.trailers([["grpc-status", "0"]]);
      },
      Code.Internal,
      /^protocol error: response without a message$/,
    ],
    [
      "two messages",
      async (stream) => {
        stream.headers();
        await stream.message(versionBytes("1"));
        await stream.message(versionBytes("2"));
        stream.trailers([["grpc-status", "0"]]);
      },
      Code.Internal,
      /^protocol error: more than one message in response$/,
    ],
    [
      "a message that is cut",
      async (stream) => {
        stream.headers();
        await stream.data(grpcMessage(versionBytes("cut")).subarray(0, 7));
        stream.trailers([["grpc-status", "0"]]);
      },
      Code.Internal,
      /^protocol error: response was cut after 7 bytes$/,
    ],
    [
      "a compressed message",
      async (stream) => {
        stream.headers();
        await stream.data(Uint8Array.of(1, 0, 0, 0, 1, 0));
      },
      Code.Internal,
      /^protocol error: response is compressed$/,
    ],
    [
      "a message that is no protobuf",
      async (stream) => {
        await stream.answer(Uint8Array.of(0xff, 0xff));
      },
      Code.Internal,
      /^cannot decode containerd\.services\.version\.v1\.VersionResponse: /,
    ],
  ];
  for (const [name, answer, code, message] of nonsense) {
    it(`unary() rejects ${name}`, async () => {
      const error = await errorOf(answer);
      assert.match(error.rawMessage, message);
      assert.equal(error.code, code);
    });
  }

  const resets = [
    ["REFUSED_STREAM", h2Error.refused, "unavailable"],
    ["CANCEL", h2Error.cancel, "unavailable"],
    ["ENHANCE_YOUR_CALM", h2Error.calm, "resource_exhausted"],
    ["INTERNAL_ERROR", h2Error.internal, "internal"],
  ] as const;
  for (const [name, resetCode, code] of resets) {
    it(`unary() maps a reset with ${name} to ${code}`, async () => {
      await withServer(async (connection) => {
        const stream = await connection.nextStream();
        await stream.request;
        stream.reset(resetCode);
        await (await connection.nextStream()).answer(versionBytes("alive"));
      }, async ({ version }) => {
        const error = await failure(version.version({}));
        assert.equal(error.code, code, error.message);
        assert.ok(error.message.includes(name), error.message);
        assert.equal((await version.version({})).version, "alive");
      });
    });
  }

  it("unary() refuses a response above the limit before it is read", async () => {
    const error = await errorOf(async (stream) => {
      stream.headers();
      await stream.data(Uint8Array.of(0, 0, 0, 4, 1));
    }, { grpc: { maxMessageBytes: 1024 } });
    assert.equal(error.code, Code.ResourceExhausted);
    assert.equal(
      error.rawMessage,
      "response has 1025 bytes, the limit is 1024; it can be raised with maxMessageBytes",
    );
  });

  it("unary() accepts a response of exactly the limit", async () => {
    const bytes = versionBytes("x".repeat(1021));
    assert.equal(bytes.byteLength, 1024);
    await withServer(
      async (connection) => await (await connection.nextStream()).answer(bytes),
      async ({ version }) => {
        assert.equal((await version.version({})).version.length, 1021);
      },
      { grpc: { maxMessageBytes: 1024 } },
    );
  });

  it("unary() resets the stream on abort and rejects with the reason", async () => {
    await withServer(() => {}, async ({ server, version }) => {
      const controller = new AbortController();
      const reason = { any: "value" };
      const call = version.version({}, { signal: controller.signal });
      const stream = await server.connections[0]?.nextStream();
      await stream?.request;
      controller.abort(reason);
      assert.equal(await rejection(failure(call, controller.signal)), reason);
      assert.equal(await stream?.resetCode, h2Error.cancel);
    });
  });

  it("unary() sends nothing when the signal has aborted before", async () => {
    await withServer(async (connection) => {
      await (await connection.nextStream()).answer(versionBytes("first"));
    }, async ({ version }) => {
      const reason = new Error("before");
      const signal = AbortSignal.abort(reason);
      const call = version.version({}, { signal });
      assert.equal(await rejection(failure(call, signal)), reason);
      assert.equal((await version.version({})).version, "first");
    });
  });

  it("unary() ends after timeoutMs", async () => {
    await withServer(() => {}, async ({ server, version }) => {
      const error = await rejection(version.version({}, { timeoutMs: 30 }));
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, Code.DeadlineExceeded);
      const stream = await server.connections[0]?.nextStream();
      assert.equal(await stream?.resetCode, h2Error.cancel);
    });
  });

  it("unary() shows headers and trailers, without those of HTTP/2", async () => {
    await withServer(async (connection) => {
      const stream = await connection.nextStream();
      stream.headers([[":status", "200"], ["content-type", "application/grpc"], ["x-a", "1"]]);
      await stream.message(versionBytes("1"));
      stream.trailers([["grpc-status", "0"], ["x-b", "2"]]);
    }, async ({ version }) => {
      const seen: Array<string | null> = [];
      await version.version({}, {
        onHeader: (headers) => seen.push(headers.get("x-a"), [...headers.keys()].join(" ")),
        onTrailer: (trailers) => seen.push(trailers.get("x-b")),
      });
      assert.deepEqual(seen, ["1", "content-type x-a", "2"]);
    });
  });

  it("unary() goes through interceptors, last one first, which see what the caller set", async () => {
    const key = createContextKey("none");
    const seen: string[] = [];
    const interceptor = (name: string): Interceptor => (next) => async (req) => {
      seen.push(`${name} ${req.url} ${req.contextValues.get(key)} ${req.header.get("x-own")}`);
      req.header.set("x-own", name);
      const res = await next(req);
      seen.push(`${name} ${res.trailer.get("grpc-status")}`);
      return res;
    };
    await withServer(async (connection) => {
      await (await connection.nextStream()).answer(versionBytes("1"));
    }, async ({ version }) => {
      const contextValues = createContextValues().set(key, "some");
      const headers = { "x-own": "caller" };
      const answer = await version.version({}, { contextValues, headers });
      assert.equal(answer.version, "1");
      const url = `http://localhost/${Version.typeName}/Version`;
      assert.deepEqual(seen, [
        `outer ${url} some caller`,
        `inner ${url} some outer`,
        "inner 0",
        "outer 0",
      ]);
    }, { grpc: { interceptors: [interceptor("outer"), interceptor("inner")] } });
  });

  it("unary() keeps an interceptor's error as it is", async () => {
    const own = new ConnectError("not today", Code.PermissionDenied);
    await withServer(() => {}, async ({ version }) => {
      assert.equal(await rejection(version.version({})), own);
    }, { grpc: { interceptors: [() => () => Promise.reject(own)] } });
  });

  it("unary() gives its abort reason through interceptors, too", async () => {
    await withServer(() => {}, async ({ server, version }) => {
      const controller = new AbortController();
      const reason = new Error("mine");
      const call = version.version({}, { signal: controller.signal });
      await (await server.connections[0]?.nextStream())?.request;
      controller.abort(reason);
      assert.equal(await rejection(failure(call, controller.signal)), reason);
    }, { grpc: { interceptors: [(next) => (req) => next(req)] } });
  });
});
