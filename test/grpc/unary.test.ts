import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import type { Interceptor } from "@connectrpc/connect";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { rejection } from "../helpers/rejection.ts";
import { failure, versionBytes, withServer } from "./bed.ts";
import { h2Error } from "./wire-frames.ts";
import { grpcMessage } from "./wire-server.ts";

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
