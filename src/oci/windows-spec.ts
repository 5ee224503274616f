import {
  boolean,
  type Check,
  every,
  fields,
  list,
  name,
  oneOf,
  options as optionsOf,
  path,
  refuse,
  text,
} from "./check.ts";
import { defined } from "./defined.ts";
import { OCI_VERSION } from "./oci-version.ts";
import type { Mount, Spec, WindowsDevice } from "./spec.ts";
import { annotations, mounts, validateSpec } from "./validate.ts";
import {
  buildProcess,
  oneCommand,
  processChecks,
  type WindowsProcessOptions,
} from "./windows-process-spec.ts";
import {
  buildResources,
  resourceOptions,
  type WindowsResourceOptions,
} from "./windows-resources-spec.ts";

/** A folder, file or named pipe of the host in a Windows container. */
export interface WindowsBindMount {
  /** Absolute path on the runtime's host, or `\\.\pipe\name`. */
  readonly source: string;
  /** Absolute path in the container, or `\\.\pipe\name`. */
  readonly destination: string;
  /** Whether it is read-only. Default: false. */
  readonly readonly?: boolean | undefined;
}

/** The network of a Windows container. */
export interface WindowsNetworkOptions {
  /** Id of its network namespace. */
  readonly namespace?: string | undefined;
  /** HNS endpoints that it is connected to. */
  readonly endpoints?: readonly string[] | undefined;
  /** Suffixes that are tried for names. */
  readonly dnsSearch?: readonly string[] | undefined;
  /** Whether names without a dot are asked of DNS. Default: false. */
  readonly allowUnqualifiedDnsQuery?: boolean | undefined;
  /** Id of the container whose network it shares. */
  readonly sharedContainerId?: string | undefined;
}

/** What {@linkcode windowsSpec} takes. */
export interface WindowsSpecOptions extends WindowsProcessOptions {
  /** By the kernel, or by a virtual machine of its own. Default: `"process"`. */
  readonly isolation?: "process" | "hyperv" | undefined;
  /** Hyper-V: path of the image of the utility VM. Default: the runtime finds it in the layers. */
  readonly utilityVmPath?: string | undefined;
  /**
   * Root file system, a volume GUID path; not with Hyper-V. Default: empty, for a runtime that
   * mounts the layers itself.
   */
  readonly rootfs?: string | undefined;
  /**
   * Absolute paths of the image's layer folders; the writable one comes last. Default: none, for
   * a runtime that fills them in from a snapshot.
   */
  readonly layerFolders?: readonly string[] | undefined;
  /** Host name in the container. Default: as the runtime. */
  readonly hostname?: string | undefined;
  /** Mounts as they are in the spec. */
  readonly mounts?: readonly Mount[] | undefined;
  /** Folders, files and named pipes of the host. */
  readonly binds?: readonly WindowsBindMount[] | undefined;
  /** Network. Default: none. */
  readonly network?: WindowsNetworkOptions | undefined;
  /** Limits. Default: none. */
  readonly resources?: WindowsResourceOptions | undefined;
  /** Devices of the host that are mapped into the container; not with Hyper-V. */
  readonly devices?: readonly WindowsDevice[] | undefined;
  /** JSON text of the credential spec of a group managed service account. */
  readonly credentialSpec?: string | undefined;
  /** Whether writes to disk need not be flushed while it boots: for a first start. Default: false. */
  readonly ignoreFlushesDuringBoot?: boolean | undefined;
  /** Data for the runtime and for tools. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

const specOptions: Check = every(
  optionsOf({
    ...processChecks,
    isolation: oneOf("process", "hyperv"),
    utilityVmPath: path,
    rootfs: text,
    layerFolders: list(path),
    hostname: text,
    mounts,
    binds: list(fields({ readonly: boolean }, { source: path, destination: path })),
    network: fields({
      namespace: name,
      endpoints: list(name),
      dnsSearch: list(name),
      allowUnqualifiedDnsQuery: boolean,
      sharedContainerId: name,
    }),
    resources: resourceOptions,
    devices: list(fields({}, { id: name, idType: name })),
    credentialSpec: name,
    ignoreFlushesDuringBoot: boolean,
    annotations,
  }),
  oneCommand,
  (value, at) => {
    const options = value as WindowsSpecOptions;
    const hyperv = options.isolation === "hyperv";
    if (!hyperv && options.utilityVmPath) refuse(`${at}.utilityVmPath`, "takes Hyper-V isolation");
    for (const field of ["rootfs", "devices"] as const) {
      if (hyperv && options[field]?.length) refuse(`${at}.${field}`, "not with Hyper-V isolation");
    }
  },
);

/**
 * Describes a Windows container. Give `args` or `commandLine`.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.args`.
 * @see containerd pkg/oci/spec.go `populateDefaultWindowsSpec`
 * @example
 * ```ts
 * const spec = windowsSpec({ commandLine: "cmd /c dir", isolation: "hyperv" });
 * ```
 */
export function windowsSpec(options: WindowsSpecOptions): Spec {
  specOptions(options, "options");
  const { isolation, network, resources, binds = [] } = options;
  const hyperv = isolation === "hyperv";
  const allMounts = [...options.mounts ?? [], ...binds.map(bindMount)];
  const spec = defined<Spec>({
    ociVersion: OCI_VERSION,
    process: buildProcess(options),
    root: hyperv ? undefined : { path: options.rootfs ?? "" },
    hostname: options.hostname,
    mounts: allMounts.length > 0 ? allMounts : undefined,
    annotations: options.annotations,
    windows: defined({
      layerFolders: options.layerFolders,
      devices: options.devices,
      resources: resources && buildResources(resources),
      credentialSpec: options.credentialSpec,
      ignoreFlushesDuringBoot: options.ignoreFlushesDuringBoot,
      hyperv: hyperv ? defined({ utilityVMPath: options.utilityVmPath }) : undefined,
      network: network && defined({
        networkNamespace: network.namespace,
        endpointList: network.endpoints,
        DNSSearchList: network.dnsSearch,
        allowUnqualifiedDNSQuery: network.allowUnqualifiedDnsQuery,
        networkSharedContainerName: network.sharedContainerId,
      }),
    }),
  });
  validateSpec(spec);
  return spec;
}

function bindMount({ source, destination, readonly }: WindowsBindMount): Mount {
  return { source, destination, options: [readonly ? "ro" : "rw"] };
}
