import type { Integer } from "./integer.ts";

/** What only Windows containers, and Linux containers on Windows, have. */
export interface Windows {
  /**
   * Absolute paths of the image's layer folders; the writable one comes last. Left out where the
   * runtime fills them in from a snapshot.
   */
  readonly layerFolders?: readonly string[] | undefined;
  /** Devices of the host that are mapped into the container. */
  readonly devices?: readonly WindowsDevice[] | undefined;
  /** Its limits. */
  readonly resources?: WindowsResources | undefined;
  /** A group managed service account: the JSON text of its credential spec, or an object. */
  readonly credentialSpec?: unknown;
  /** Whether it is started to apply a Windows update. */
  readonly servicing?: boolean | undefined;
  /** Whether writes to disk need not be flushed while it boots. */
  readonly ignoreFlushesDuringBoot?: boolean | undefined;
  /** Runs it in a virtual machine of its own; an empty object is enough. */
  readonly hyperv?: WindowsHyperV | undefined;
  /** Its network. */
  readonly network?: WindowsNetwork | undefined;
}

/** A device of the host that is mapped into a container. */
export interface WindowsDevice {
  /** The device, for instance the GUID of an interface class. */
  readonly id: string;
  /** What the id is, for instance `class`. */
  readonly idType: string;
}

/** The limits of a Windows container. */
export interface WindowsResources {
  /** Memory. */
  readonly memory?: WindowsMemoryResources | undefined;
  /** Processor time. */
  readonly cpu?: WindowsCpuResources | undefined;
  /** The system drive. */
  readonly storage?: WindowsStorageResources | undefined;
}

/** Limit of memory. */
export interface WindowsMemoryResources {
  /** How much, in bytes. */
  readonly limit?: Integer | undefined;
}

/** Limits of processor time: runtimes accept one of `count`, `shares` and `maximum`. */
export interface WindowsCpuResources {
  /** Number of processors. */
  readonly count?: Integer | undefined;
  /** Weight among others, 0 to 10000. */
  readonly shares?: number | undefined;
  /** Share of all processors, in hundredths of a percent, 0 to 10000. */
  readonly maximum?: number | undefined;
  /** Processors that may be used. */
  readonly affinity?: readonly WindowsCpuGroupAffinity[] | undefined;
}

/** Processors of one processor group. */
export interface WindowsCpuGroupAffinity {
  /** One bit for each processor of the group. */
  readonly mask?: Integer | undefined;
  /** Number of the group. */
  readonly group?: number | undefined;
}

/** Limits of the system drive. */
export interface WindowsStorageResources {
  /** Operations a second. */
  readonly iops?: Integer | undefined;
  /** Bytes a second. */
  readonly bps?: Integer | undefined;
  /** Smallest size, in bytes. */
  readonly sandboxSize?: Integer | undefined;
}

/** The network of a Windows container. */
export interface WindowsNetwork {
  /** HNS endpoints that it is connected to. */
  readonly endpointList?: readonly string[] | undefined;
  /** Whether names without a dot are asked of DNS. */
  readonly allowUnqualifiedDNSQuery?: boolean | undefined;
  /** Suffixes that are tried for names. */
  readonly DNSSearchList?: readonly string[] | undefined;
  /** Id of the container whose network it shares. */
  readonly networkSharedContainerName?: string | undefined;
  /** Id of its network namespace. */
  readonly networkNamespace?: string | undefined;
}

/** Isolation by a virtual machine. */
export interface WindowsHyperV {
  /** Path of the image of the utility VM. Default: the runtime finds it in the layers. */
  readonly utilityVMPath?: string | undefined;
}
