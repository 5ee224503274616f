import { Introspection } from "../../proto/gen/containerd/services/introspection/v1/introspection_pb.ts";
import { Namespaces } from "../../proto/gen/containerd/services/namespaces/v1/namespaces_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { validateNamespace } from "../../src/identifiers.ts";
import { validateLabels } from "../../src/labels.ts";
import type { ContainerdApi } from "./as-containerd.ts";
import type { Session } from "./session.ts";

/** What a daemon tells of itself, and its namespaces. */
export function introspection(session: Session): ContainerdApi {
  const namespaces = session.service(Namespaces);
  const subject = (verb: string, name: string) => ({
    action: `Cannot ${verb} namespace "${name}"`,
  });
  return {
    namespaces: {
      async list(options) {
        const response = await session.call(
          { action: "Cannot list namespaces" },
          (rpc) => namespaces.list({}, rpc),
          options,
        );
        return response.namespaces.map(({ name, labels }) => ({ name, labels }));
      },
      async create(name, labels = {}, options) {
        validateNamespace(name);
        validateLabels(labels);
        await session.change(
          subject("create", name),
          (rpc) => namespaces.create({ namespace: { name, labels: { ...labels } } }, rpc),
          options,
          () => session.call(subject("delete", name), (rpc) => namespaces.delete({ name }, rpc)),
        );
      },
      async setLabels(name, labels, options) {
        validateNamespace(name);
        validateLabels(labels);
        const paths = Object.keys(labels).map((label) => `labels.${label}`);
        if (paths.length === 0) {
          // An update without paths would remove every label.
          await session.call(
            subject("update", name),
            (rpc) => namespaces.get({ name }, rpc),
            options,
          );
          return;
        }
        await session.change(
          subject("update", name),
          (rpc) =>
            namespaces.update({
              namespace: { name, labels: { ...labels } },
              updateMask: { paths },
            }, rpc),
          options,
        );
      },
      async delete(name, options) {
        validateNamespace(name);
        await session.change(
          subject("delete", name),
          (rpc) => namespaces.delete({ name }, rpc),
          options,
        );
      },
    },
    async plugins(filters = [], options) {
      const { plugins } = await session.call(
        { action: "Cannot list plugins of containerd" },
        (rpc) => session.service(Introspection).plugins({ filters: [...filters] }, rpc),
        options,
      );
      return plugins.map(({ type, id, capabilities, initErr }) => ({
        type,
        id,
        capabilities,
        error: initErr?.message,
      }));
    },
    async health(options) {
      const { status } = await session.call(
        { action: "Cannot get health of containerd" },
        (rpc) => session.service(Health).check({}, rpc),
        options,
      );
      return status === ServingStatus.SERVING;
    },
  };
}
