import { clone, create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type Container,
  type Containers,
  ContainerSchema,
} from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";

/** The container records of a daemon and the service that keeps them. */
export class FakeRecords {
  readonly #records = new Map<string, Container>();

  /** Forgets everything, as a daemon does whose state is lost. */
  clear(): void {
    this.#records.clear();
  }

  /** The service. */
  readonly service: Partial<ServiceImpl<typeof Containers>> = {
    create: ({ container }) => {
      const id = container?.id ?? "";
      if (this.#records.has(id)) {
        throw new ConnectError(`container "${id}": already exists`, Code.AlreadyExists);
      }
      const now = timestampFromDate(new Date());
      const record = container ? clone(ContainerSchema, container) : create(ContainerSchema);
      Object.assign(record, { createdAt: now, updatedAt: now });
      this.#records.set(id, record);
      return { container: record };
    },
    get: ({ id }) => ({ container: this.#find(id) }),
    list: () => ({ containers: [...this.#records.values()] }),
    listStream: async function* (this: FakeRecords) {
      for (const container of this.#records.values()) yield { container };
    }.bind(this),
    delete: ({ id }) => {
      this.#find(id);
      this.#records.delete(id);
      return {};
    },
  };

  #find(id: string): Container {
    const record = this.#records.get(id);
    if (record) return record;
    throw new ConnectError(`container "${id}" in namespace "default": not found`, Code.NotFound);
  }
}
