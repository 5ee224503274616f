import { type Check, fields, isRecord, oneOf, options, unixPath } from "./check.ts";
import { defined } from "./defined.ts";
import type { IdMapping, LinuxNamespace, LinuxNamespaceType } from "./spec.ts";
import { idMappings } from "./validate-linux.ts";

/** A namespace of its own, that of the host, or one to join by its path. */
export type NamespaceOption = "private" | "host" | { readonly path: string };

/**
 * The network of a Linux container: nothing but a loopback device that is down, the host's, or a
 * namespace that was set up before, for instance by CNI.
 */
export type NetworkOption = "none" | "host" | { readonly path: string };

/** A new user namespace: which ids of the host its ids are. */
export interface UserNamespaceMappings {
  /** Maps user ids; 0 should be among them. */
  readonly uidMappings: readonly IdMapping[];
  /** Maps group ids; 0 should be among them. */
  readonly gidMappings: readonly IdMapping[];
}

/** The namespaces of a Linux container, but for the network. */
export interface LinuxNamespaceOptions {
  /** Process ids. Default: private. */
  readonly pid?: NamespaceOption | undefined;
  /** Shared memory and message queues. Default: private. */
  readonly ipc?: NamespaceOption | undefined;
  /** Host name. Default: private. */
  readonly uts?: NamespaceOption | undefined;
  /** Mounts. Default: private. */
  readonly mount?: NamespaceOption | undefined;
  /** The view of the cgroups. Default: the host's. */
  readonly cgroup?: NamespaceOption | undefined;
  /** Offsets of clocks. Default: the host's. */
  readonly time?: NamespaceOption | undefined;
  /** User and group ids. Default: the host's. */
  readonly user?: "host" | { readonly path: string } | UserNamespaceMappings | undefined;
}

const DEFAULTS: Readonly<Record<string, string>> = {
  pid: "private",
  ipc: "private",
  uts: "private",
  mount: "private",
};
const joined: Check = fields({}, { path: unixPath });
const mappings: Check = fields({}, { uidMappings: idMappings, gidMappings: idMappings });
const namespace: Check = (value, at) => {
  (isRecord(value) ? joined : oneOf("private", "host"))(value, at);
};

/** Accepts {@linkcode NetworkOption}. */
export const networkOption: Check = (value, at) => {
  (isRecord(value) ? joined : oneOf("none", "host"))(value, at);
};

/** Accepts {@linkcode LinuxNamespaceOptions}. */
export const namespaceOptions: Check = options({
  pid: namespace,
  ipc: namespace,
  uts: namespace,
  mount: namespace,
  cgroup: namespace,
  time: namespace,
  user: (value, at) => {
    if (!isRecord(value)) oneOf("host")(value, at);
    else (("path" in value) ? joined : mappings)(value, at);
  },
});

/** The namespaces of a container, by checked options. */
export function buildNamespaces(
  namespaces: LinuxNamespaceOptions,
  network: NetworkOption,
): readonly LinuxNamespace[] {
  const choices = { ...DEFAULTS, network, ...defined(namespaces) };
  return Object.entries(choices).flatMap(([type, choice]) => {
    if (choice === "host") return [];
    const path = isRecord(choice) && typeof choice["path"] === "string"
      ? choice["path"]
      : undefined;
    return [{ type: type as LinuxNamespaceType, ...(path === undefined ? {} : { path }) }];
  });
}
