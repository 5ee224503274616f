import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Client, credentials } from "@grpc/grpc-js";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { grpc } from "../../plugins/grpc/mod.ts";
import { parseAddress } from "../../plugins/unix/mod.ts";
import {
  Version,
  VersionResponseSchema,
} from "../../proto/gen/containerd/services/version/v1/version_pb.ts";

/** One way to call `Version` of a containerd. */
export interface Peer {
  /** Makes one call; resolves when the whole answer is there. */
  call(): Promise<unknown>;
  /** Closes the connection. */
  close(): Promise<void>;
}

const path = `/${Version.typeName}/Version`;

/** Connects all peers, each with a connection of its own, to the same unix socket. */
export async function connectPeers(
  address: string,
): Promise<Readonly<Record<"ours" | "bare" | "connect-node" | "grpc-js", Peer>>> {
  const socketPath = decodeURIComponent(parseAddress(address).pathname);
  return {
    ours: await ours(address),
    bare: bare(socketPath),
    "connect-node": connectNode(socketPath),
    "grpc-js": grpcJs(socketPath),
  };
}

async function ours(address: string): Promise<Peer> {
  const rpc = await grpc({ address })();
  const client = createClient(Version, rpc.transport);
  return {
    call: () => client.version({}),
    close: async () => await rpc[Symbol.asyncDispose](),
  };
}

/** The floor: what `node:http2` itself costs, with nothing encoded, decoded or checked. */
function bare(socketPath: string): Peer {
  const session = connectHttp2("http://localhost", { createConnection: () => connect(socketPath) });
  const frame = new Uint8Array(5);
  const headers = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    te: "trailers",
  };
  return {
    call: () =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers);
        const chunks: Uint8Array[] = [];
        stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        stream.on("end", () => resolve(chunks));
        stream.on("error", reject);
        stream.end(frame);
      }),
    close: () => new Promise((resolve) => session.close(resolve)),
  };
}

function connectNode(socketPath: string): Peer {
  const transport = createGrpcTransport({
    baseUrl: "http://localhost",
    nodeOptions: { createConnection: () => connect(socketPath) },
    // The session closes after so long without a call: there is no other way to close it.
    idleConnectionTimeoutMs: 1000,
  });
  const client = createClient(Version, transport);
  return { call: () => client.version({}), close: () => Promise.resolve() };
}

function grpcJs(socketPath: string): Peer {
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  return {
    call: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          path,
          (message) => Buffer.from(toBinary(EmptySchema, message)),
          (bytes) => fromBinary(VersionResponseSchema, bytes),
          { $typeName: EmptySchema.typeName },
          (error, response) => error ? reject(error) : resolve(response),
        );
      }),
    close: () => {
      client.close();
      return Promise.resolve();
    },
  };
}
