import { socketOf } from "./daemon-home.ts";

// What tests do not need and what reaches beyond the daemon's own folders: nri has a fixed socket,
// opt a fixed folder.
const disabledPlugins = [
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.nri.v1.nri",
  "io.containerd.podsandbox.controller.v1.podsandbox",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
];

/**
 * Text of the configuration of a private daemon.
 *
 * @param extra TOML that is appended: tables that are not in here yet.
 */
export function daemonConfig(version: string, home: string, extra: string): string {
  return `version = ${version.startsWith("1.") ? 2 : 3}
root = "${home}/root"
state = "${home}/state"
disabled_plugins = ${JSON.stringify(disabledPlugins)}

[grpc]
  address = "${socketOf(home)}"
${extra}
`;
}
