import { Leases } from "../../proto/gen/containerd/services/leases/v1/leases_pb.ts";
import type { CallOptions } from "../../src/runtime.ts";
import type { Session, Subject } from "./session.ts";

/** How long a lease lasts that could not be removed, in milliseconds: a day, as containerd's own. */
const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** Headers that put a call under a lease. */
export type LeaseHeaders = Readonly<Record<"containerd-lease", string>>;

/** Keeps what is written during `use` from being collected as garbage. */
export async function withLease<T>(
  session: Session,
  subject: Subject,
  options: CallOptions,
  use: (headers: LeaseHeaders) => Promise<T>,
): Promise<T> {
  const leases = session.service(Leases);
  const id = `libcontainerd-${crypto.randomUUID()}`;
  const expires = new Date(Date.now() + LIFETIME_MS).toISOString();
  const remove = () => session.call(subject, (rpc) => leases.delete({ id }, rpc));
  await session.change(
    subject,
    (rpc) => leases.create({ id, labels: { "containerd.io/gc.expire": expires } }, rpc),
    options,
    remove,
  );
  let result: T;
  try {
    result = await use({ "containerd-lease": id });
  } catch (error) {
    await session.undo(subject, remove, options);
    throw error;
  }
  // Without the signal: an abort now would lose the result, which only the caller can undo.
  await session.undo(subject, remove);
  return result;
}
