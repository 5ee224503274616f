import type { Container as Record } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import type { Spec } from "../../src/oci/spec.ts";
import type { ContainerInfo } from "../../src/runtime.ts";
import { unpackJson } from "./any.ts";
import { dateOf } from "./times.ts";

/** Turns the record of a container into what the client shows of it. */
export function containerInfo(record: Record): ContainerInfo {
  const { id, image, labels, runtime, snapshotter, snapshotKey } = record;
  return {
    id,
    image,
    shim: runtime?.name ?? "",
    labels,
    extensions: Object.fromEntries(
      Object.entries(record.extensions).map(([name, { typeUrl, value }]) => [
        name,
        { typeUrl, value },
      ]),
    ),
    snapshot: { snapshotter, key: snapshotKey },
    createdAt: dateOf(record.createdAt),
    updatedAt: dateOf(record.updatedAt),
    spec: specOf(record),
  };
}

/** The OCI spec of a container; an empty one if its record has none. */
export function specOf(record: Record): Spec {
  // Whoever made the container made its spec, too: it is shown as it is.
  return record.spec ? unpackJson(record.spec) as Spec : { ociVersion: "" };
}
