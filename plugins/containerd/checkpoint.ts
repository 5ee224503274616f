import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { CheckpointOptionsSchema } from "../../proto/gen/containerd/runc/v1/options_pb.ts";
import {
  Content,
  WriteAction,
  type WriteContentRequestSchema,
} from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import type { Descriptor } from "../../proto/gen/containerd/types/descriptor_pb.ts";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ContainerError, invalidArgument, shown } from "../../src/errors.ts";
import type { DirectoryArchiver } from "../../src/directory-archiver.ts";
import type { CallOptions, CheckpointOptions } from "../../src/runtime.ts";
import { packBare } from "./any.ts";
import { type LeaseHeaders, withLease } from "./lease.ts";
import { containerSubject } from "./process-ref.ts";
import { serverStream } from "./server-stream.ts";
import type { Session, Subject } from "./session.ts";

const MEDIA_TYPE = "application/vnd.containerd.container.criu.checkpoint.criu.tar";

/** Largest piece of an upload, in bytes: Bun's HTTP/2 hangs on larger messages over pipes. */
const PIECE_BYTES = 32 * 1024;

type Write = MessageInitShape<typeof WriteContentRequestSchema>;

/** The checkpoint that a task is made from. */
export type CheckpointDescriptor = Pick<Descriptor, "mediaType" | "digest" | "size">;

/** Before anything is sent: with `exit`, the container would end and its state be lost. */
function validateFolder(directory: unknown, field: string): void {
  if (typeof directory === "string" && directory !== "" && !directory.includes("\0")) return;
  throw invalidArgument(field, `Cannot use folder "${shown(directory)}": not a path`);
}

/** Writes a checkpoint of a running container to a folder of this host. */
export async function writeCheckpoint(
  session: Session,
  containerId: string,
  directory: string,
  options: CheckpointOptions,
): Promise<void> {
  validateFolder(directory, "directory");
  const subject = containerSubject("checkpoint", containerId);
  const archiver = archiverOf(session, subject);
  const { exit = false, signal } = options;
  const checkpointOptions = create(CheckpointOptionsSchema, { exit });
  await withLease(session, subject, { signal }, async (lease) => {
    const { descriptors } = await session.call(
      subject,
      (rpc) =>
        session.tasks.checkpoint(
          { containerId, options: packBare(CheckpointOptionsSchema, checkpointOptions) },
          { ...rpc, ...session.rpcOptions(signal, lease) },
        ),
      { signal },
    );
    const found = descriptors.find(({ mediaType }) => mediaType === MEDIA_TYPE);
    if (!found) throw session.notFound(subject, "containerd returned no checkpoint");
    await session.call(
      subject,
      () => archiver.unpack(directory, read(session, found.digest, signal), { signal }),
      { signal },
    );
  });
}

/**
 * Hands a folder with a checkpoint to containerd for as long as `use` runs.
 *
 * @throws {ContainerError} `not_found` if there is no such folder.
 */
export async function withCheckpoint<T>(
  session: Session,
  containerId: string,
  directory: string,
  options: CallOptions,
  use: (checkpoint: CheckpointDescriptor) => Promise<T>,
): Promise<T> {
  validateFolder(directory, "checkpointDir");
  const subject = containerSubject("restore", containerId);
  const archiver = archiverOf(session, subject);
  const { signal } = options;
  return await withLease(session, subject, options, async (lease) => {
    const archive = archiver.pack(directory, { signal });
    const checkpoint = await session.call(
      subject,
      () => upload(session, archive, lease, signal),
      options,
    );
    return await use(checkpoint);
  });
}

function archiverOf(session: Session, subject: Subject): DirectoryArchiver {
  const { archiver, id } = session.options;
  if (archiver) return archiver;
  const { action, ...ids } = subject;
  throw new ContainerError("unimplemented", `${action}: the runtime has no archiver`, {
    ...ids,
    plugin: id,
  });
}

async function* read(
  session: Session,
  digest: string,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  const content = session.service(Content);
  const open = (signal: AbortSignal) => content.read({ digest }, session.rpcOptions(signal));
  for await (const { data } of serverStream(open, signal)) yield data;
}

async function upload(
  session: Session,
  archive: AsyncIterable<Uint8Array>,
  lease: LeaseHeaders,
  signal: AbortSignal | undefined,
): Promise<CheckpointDescriptor> {
  const content = session.service(Content);
  const ref = `libcontainerd-checkpoint-${crypto.randomUUID()}`;
  let size = 0n;
  let digest = "";
  const responses = content.write(writes(ref, archive), session.rpcOptions(signal, lease));
  try {
    // Each response tells the digest of all that was written up to it.
    for await (const response of responses) ({ digest, offset: size } = response);
  } catch (error) {
    // The same folder was handed over before: containerd puts what it has under our lease.
    const isThere = error instanceof ConnectError && error.code === Code.AlreadyExists;
    if (!isThere || digest === "") throw error;
  }
  return { mediaType: MEDIA_TYPE, digest, size };
}

async function* writes(ref: string, archive: AsyncIterable<Uint8Array>): AsyncIterable<Write> {
  let offset = 0n;
  for await (const chunk of archive) {
    for (let start = 0; start < chunk.length; start += PIECE_BYTES) {
      const data = chunk.subarray(start, start + PIECE_BYTES);
      yield { action: WriteAction.WRITE, ref, offset, data };
      offset += BigInt(data.length);
    }
  }
  yield { action: WriteAction.COMMIT, ref, offset, total: offset };
}
