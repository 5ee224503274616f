import { ContainerError } from "../../src/errors.ts";
import type { CallOptions, Runtime } from "../../src/runtime.ts";

/** A namespace of a daemon. */
export interface NamespaceInfo {
  /** Its name. */
  readonly name: string;
  /** Its labels; `containerd.io/defaults/runtime` names the shim used where none is given. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A plugin of a daemon. */
export interface ContainerdPluginInfo {
  /** Kind of plugin, for instance `io.containerd.snapshotter.v1`. */
  readonly type: string;
  /** Name of the plugin, for instance `overlayfs`. */
  readonly id: string;
  /** What it can do. */
  readonly capabilities: readonly string[];
  /** Why it could not be loaded; `undefined` if it works. */
  readonly error: string | undefined;
}

/** What containerd has beyond other runtimes. */
export interface ContainerdApi {
  /** Namespaces of the daemon. */
  readonly namespaces: {
    /** Lists them. */
    list(options?: CallOptions): Promise<readonly NamespaceInfo[]>;
    /**
     * Makes one.
     *
     * @throws {ContainerError} `already_exists` if there is one of that name.
     */
    create(
      name: string,
      labels?: Readonly<Record<string, string>>,
      options?: CallOptions,
    ): Promise<void>;
    /** Sets labels; an empty value removes one. */
    setLabels(
      name: string,
      labels: Readonly<Record<string, string>>,
      options?: CallOptions,
    ): Promise<void>;
    /**
     * Removes one.
     *
     * @throws {ContainerError} `failed_precondition` if something is left in it, `not_found` if
     * there is none of that name.
     */
    delete(name: string, options?: CallOptions): Promise<void>;
  };
  /** Lists the plugins of the daemon, all or those that match a filter: `type==io.containerd.snapshotter.v1`. */
  plugins(
    filters?: readonly string[],
    options?: CallOptions,
  ): Promise<readonly ContainerdPluginInfo[]>;
  /** Whether the daemon says that it serves. */
  health(options?: CallOptions): Promise<boolean>;
}

/**
 * What a runtime has beyond others if it is containerd.
 *
 * @throws {ContainerError} `unimplemented` if it is another one.
 */
export function asContainerd(runtime: Runtime): ContainerdApi {
  if ("containerd" in runtime) return (runtime as { containerd: ContainerdApi }).containerd;
  throw new ContainerError("unimplemented", "Cannot use runtime as containerd: it is another one");
}
