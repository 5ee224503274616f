import { ContainerError } from "../../src/errors.ts";

const DEFAULT_ADDRESS = "unix:///run/containerd/containerd.sock";

/** What a choice depends on, and nothing else. */
export interface Host {
  /** Name of the platform, in Node's terms: `linux`, `win32`, `darwin`. */
  readonly platform: string;
  /** The environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the caller asked for. */
  readonly options: {
    readonly address?: string | undefined;
    readonly namespace?: string | undefined;
  };
}

/** Which runtime is used. */
export interface Choice {
  /** Where it listens. */
  readonly address: string;
  /** Its namespace. */
  readonly namespace: string;
  /** Where the address comes from. */
  readonly reason: string;
}

/**
 * Whether an address leads to this host, so that its daemon and this process see the same files and
 * pipes: a unix socket, or a loopback address.
 */
export function isOnThisHost(address: string): boolean {
  if (address.startsWith("/")) return true;
  const url = URL.parse(address);
  if (url === null || url.protocol === "unix:") return true;
  // Only some schemes have their host names made lower case and their addresses checked.
  const { hostname } = new URL(`http://${url.host}`);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

/**
 * Chooses the runtime: containerd at the caller's address, at `$CONTAINERD_ADDRESS`, or at its
 * default socket.
 *
 * @throws {ContainerError} `unimplemented` on a platform without a default, if no address is given.
 */
export function chooseRuntime({ platform, env, options }: Host): Choice {
  const namespace = options.namespace ?? (env["CONTAINERD_NAMESPACE"] || "default");
  if (options.address !== undefined) {
    return { address: options.address, namespace, reason: "address given by the caller" };
  }
  const fromEnv = env["CONTAINERD_ADDRESS"];
  if (fromEnv) return { address: fromEnv, namespace, reason: "address from CONTAINERD_ADDRESS" };
  if (platform === "linux") {
    return { address: DEFAULT_ADDRESS, namespace, reason: "default socket of containerd" };
  }
  throw new ContainerError(
    "unimplemented",
    `Cannot choose a runtime on platform "${platform}": give an address`,
  );
}
