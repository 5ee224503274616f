import { create, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { toContainerError } from "../../plugins/rpc/errors.ts";
import type { Rpc } from "../../plugins/rpc/mod.ts";
import { web, type WebOptions } from "../../plugins/web/mod.ts";
import { VersionResponseSchema } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import type { ContainerError } from "../../src/errors.ts";
import { frame, grpcWebHeaders, MisbehavingServer, okTrailer } from "./misbehaving-server.ts";

/** A version, as the message of an answer. */
export const version: Uint8Array = frame(
  0,
  toBinary(VersionResponseSchema, create(VersionResponseSchema, { version: "v2" })),
);

/** Runs a test with a connection to a server that is healthy and else answers so. */
export async function withServer(
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

/** Answers with a version. */
export function answerVersion(response: ServerResponse): void {
  response.writeHead(200, grpcWebHeaders).end(Buffer.concat([version, okTrailer]));
}

/** The error of a call, as a runtime would report it. */
export async function errorOf(call: Promise<unknown>): Promise<ContainerError> {
  return await call.then(
    () => assert.fail("succeeded"),
    (error: unknown) => toContainerError(error, { action: "Cannot try", plugin: "test" }),
  );
}

/** Begins a subscription whose answer is open; gives what the server has of it. */
export function openStream(): {
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
