import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { isRetryable } from "../../plugins/rpc/mod.ts";
import { StatusSchema } from "../../proto/gen/google/rpc/status_pb.ts";
import { rejection } from "../helpers/rejection.ts";
import { failure, versionBytes, withServer } from "./bed.ts";
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
});
