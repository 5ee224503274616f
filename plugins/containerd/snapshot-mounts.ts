import { Snapshots } from "../../proto/gen/containerd/services/snapshots/v1/snapshots_pb.ts";
import type { Mount } from "../../proto/gen/containerd/types/mount_pb.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type { Session, Subject } from "./session.ts";

/** The mounts of a snapshot that a container's root file system is made of. */
export async function snapshotMounts(
  session: Session,
  subject: Subject,
  snapshot: { readonly snapshotter: string; readonly key: string },
  options: CallOptions,
): Promise<readonly Mount[]> {
  const { snapshotter, key } = snapshot;
  const { mounts } = await session.call(
    subject,
    (rpc) => session.service(Snapshots).mounts({ snapshotter, key }, rpc),
    options,
  );
  return mounts;
}
