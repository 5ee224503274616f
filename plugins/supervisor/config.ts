import type { Home } from "./home.ts";
import type { Settings } from "./settings.ts";

/**
 * What a private daemon is not for, and what reaches beyond its folders: CRI listens on TCP, NRI has
 * a fixed socket and opt a fixed folder, which belong to the host's own containerd. Names that a
 * version does not have are passed over by it.
 */
const DISABLED_PLUGINS = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.podsandbox.controller.v1.podsandbox",
  "io.containerd.nri.v1.nri",
  "io.containerd.internal.v1.opt",
];

/** The configuration of a daemon. */
export interface DaemonConfig {
  /** The file that the daemon is started with: what the user has added. */
  readonly main: string;
  /** The file that it imports, which wins over the first: what the supervisor depends on. */
  readonly own: string;
}

/**
 * The configuration for a version of containerd.
 *
 * Two files, since TOML lets nobody add to a table that is there already. What is imported replaces
 * what the importing file says, and lists are joined; 1.6 to 2.1 were tried.
 */
export function daemonConfig(home: Home, settings: Settings, major: number): DaemonConfig {
  const { config, logLevel, oomScore } = settings;
  // Version 2 is read by all that there are; 2.x has to convert it.
  const version = `version = ${major >= 2 ? 3 : 2}`;
  const lines = [
    version,
    `root = ${quoted(home.root)}`,
    `state = ${quoted(home.state)}`,
    ...(oomScore === undefined ? [] : [`oom_score = ${oomScore}`]),
    `disabled_plugins = [${DISABLED_PLUGINS.map(quoted).join(", ")}]`,
    "[grpc]",
    `address = ${quoted(home.socket)}`,
    "[ttrpc]",
    `address = ${quoted(home.shimSocket)}`,
    ...(logLevel === undefined ? [] : ["[debug]", `level = ${quoted(logLevel)}`]),
  ];
  return {
    main: `${version}\nimports = [${quoted(home.ownConfigFile)}]\n${config}\n`,
    own: `${lines.join("\n")}\n`,
  };
}

/** A basic string of TOML, whose escapes are those of JSON, and one more. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}
