import { create, toBinary } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { type Rpc, toContainerError } from "../../plugins/rpc/mod.ts";
import {
  Version,
  VersionResponseSchema,
} from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { EnvelopeSchema } from "../../proto/gen/containerd/types/event_pb.ts";
import type { ContainerError } from "../../src/errors.ts";
import { rejection } from "../helpers/rejection.ts";
import type { WireConnection } from "./wire-connection.ts";
import { WireServer, type WireServerOptions } from "./wire-server.ts";

/** A client that is connected to a scripted server. */
export interface Bed {
  readonly server: WireServer;
  readonly rpc: Rpc;
  readonly version: Client<typeof Version>;
  readonly events: Client<typeof Events>;
}

/** What {@linkcode withServer} takes. */
export interface BedOptions extends WireServerOptions {
  readonly grpc?: Omit<GrpcOptions, "address">;
}

/** Runs a test between a scripted server and a client; closes both on every path. */
export async function withServer(
  script: (connection: WireConnection, server: WireServer) => Promise<void> | void,
  test: (bed: Bed) => Promise<void>,
  options: BedOptions = {},
): Promise<void> {
  const server = await WireServer.listen(script, options);
  try {
    const rpc = await grpc({ address: server.address, ...options.grpc })();
    try {
      const version = createClient(Version, rpc.transport);
      const events = createClient(Events, rpc.transport);
      await test({ server, rpc, version, events });
    } finally {
      await rpc[Symbol.asyncDispose]();
    }
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** An encoded response of Version.version. */
export function versionBytes(version: string): Uint8Array {
  return toBinary(VersionResponseSchema, create(VersionResponseSchema, { version }));
}

/** An encoded event of Events.subscribe. */
export function eventBytes(topic: string): Uint8Array {
  return toBinary(EnvelopeSchema, create(EnvelopeSchema, { topic }));
}

/** As {@linkcode rejection}, mapped to the error of the library. */
export async function failure(
  promise: Promise<unknown>,
  signal?: AbortSignal,
): Promise<ContainerError> {
  const error = await rejection(promise);
  return toContainerError(error, { action: 'Cannot test "it"', plugin: "test", signal });
}

/** The first messages of a stream; fails if it ends before. */
export async function take<T>(stream: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = await stream.next();
    if (next.done) throw new Error(`stream ended after ${taken.length} messages`);
    taken.push(next.value);
  }
  return taken;
}
