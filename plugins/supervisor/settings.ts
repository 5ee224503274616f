import { checkOptions } from "../../src/check-options.ts";
import { invalidArgument, isContainerError, shown } from "../../src/errors.ts";
import { longestDelayMs } from "../../src/longest-delay.ts";
import { numberOption } from "../rpc/number-option.ts";
import { parseAddress } from "../unix/address.ts";
import type { DaemonLogLevel, StateChange, SuperviseOptions } from "./mod.ts";

/** Name of the socket in its folder. */
export const socketName = "containerd.sock";

const DEFAULT_DIRECTORY = "/run/libcontainerd/daemon";
const DEFAULT_ROOT = "/var/lib/libcontainerd/daemon";
const LEVELS: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal", "panic"];

const NAMES = [
  "binary",
  "directory",
  "rootDirectory",
  "config",
  "logLevel",
  "oomScore",
  "env",
  "startBudgetMs",
  "healthIntervalMs",
  "healthTimeoutMs",
  "healthMisses",
  "maxRestarts",
  "maxLogBytes",
  "onState",
] satisfies readonly (keyof SuperviseOptions)[];

/** The options of {@linkcode SuperviseOptions}, checked and with their defaults. */
export interface Settings {
  /** Name of the program, or its absolute path. */
  readonly binary: string;
  /** Folder of the socket. */
  readonly directory: string;
  /** Folder of what is kept for good. */
  readonly rootDirectory: string;
  /** Address of the socket, as a URL. */
  readonly address: string;
  /** TOML of the user. */
  readonly config: string;
  /** How much is logged. */
  readonly logLevel: DaemonLogLevel | undefined;
  /** `oom_score_adj`. */
  readonly oomScore: number | undefined;
  /** Environment beside that of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** How long a start may take. */
  readonly startBudgetMs: number;
  /** How often a sign of life is asked for. */
  readonly healthIntervalMs: number;
  /** How long it may take. */
  readonly healthTimeoutMs: number;
  /** How many may be missing in a row. */
  readonly healthMisses: number;
  /** How many restarts may fail in a row. */
  readonly maxRestarts: number;
  /** How large the log may become. */
  readonly maxLogBytes: number;
  /** Is told of changes. */
  readonly onState: ((change: StateChange) => void) | undefined;
}

/**
 * Checks the options and fills in the defaults; touches nothing of the host.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function readSettings(options: SuperviseOptions): Settings {
  checkOptions(options, ...NAMES);
  const { binary = "containerd", config = "", logLevel, env = {}, onState } = options;
  if (!isText(binary) || binary === "" || (binary.includes("/") && !binary.startsWith("/"))) {
    throw refused("binary", binary, "not the name of a program in PATH or an absolute path");
  }
  const directory = folder(options, "directory") ?? DEFAULT_DIRECTORY;
  const rootDirectory = folder(options, "rootDirectory") ??
    (options.directory === undefined ? DEFAULT_ROOT : `${directory}/root`);
  if (logLevel !== undefined && !LEVELS.includes(logLevel)) {
    throw refused("logLevel", logLevel, `not one of ${LEVELS.join(", ")}`);
  }
  if (onState !== undefined && typeof onState !== "function") {
    throw refused("onState", onState, "not a function");
  }
  checkConfig(config);
  checkEnv(env);
  const time = { most: longestDelayMs };
  const count = { most: Number.MAX_SAFE_INTEGER };
  return {
    binary,
    directory,
    rootDirectory,
    address: socketAddress(directory),
    config,
    logLevel,
    oomScore: options.oomScore === undefined
      ? undefined
      : numberOption(options, "oomScore", { fallback: 0, least: -1000, most: 1000 }),
    env,
    startBudgetMs: numberOption(options, "startBudgetMs", { fallback: 15_000, ...time }),
    healthIntervalMs: numberOption(options, "healthIntervalMs", { fallback: 3000, ...time }),
    healthTimeoutMs: numberOption(options, "healthTimeoutMs", { fallback: 3000, ...time }),
    healthMisses: numberOption(options, "healthMisses", { fallback: 3, ...count }),
    maxRestarts: numberOption(options, "maxRestarts", { fallback: 5, ...count }),
    maxLogBytes: numberOption(options, "maxLogBytes", { fallback: 10 * 1024 * 1024, ...count }),
    onState,
  };
}

function folder(
  options: SuperviseOptions,
  field: "directory" | "rootDirectory",
): string | undefined {
  const path: unknown = options[field];
  if (path === undefined) return undefined;
  if (!isText(path) || !path.startsWith("/")) throw refused(field, path, "not an absolute path");
  // One spelling for one folder: command lines are compared with it.
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const spelled = parts.map((part) => `/${part}`).join("");
  if (spelled === "") throw refused(field, path, "must not be the root of the file system");
  return spelled;
}

function socketAddress(directory: string): string {
  try {
    return parseAddress(`${directory}/${socketName}`).href;
  } catch (error) {
    if (!isContainerError(error)) throw error;
    throw invalidArgument(
      "directory",
      `Cannot use directory "${directory}": ${error.message}`,
      { plugin: "supervisor", cause: error },
    );
  }
}

function checkConfig(config: unknown): void {
  if (typeof config !== "string" || config.includes("\0")) {
    throw refused("config", config, "not TOML");
  }
  const topLevel = config.split(/^[ \t]*\[/m)[0] ?? "";
  const reserved = /^[ \t]*["']?(version|imports)["']?[ \t]*=/m.exec(topLevel)?.[1];
  if (reserved !== undefined) {
    throw invalidArgument(
      "config",
      `Cannot use config with "${reserved}": the supervisor sets it`,
      { plugin: "supervisor" },
    );
  }
}

function checkEnv(env: unknown): void {
  if (typeof env !== "object" || env === null) throw refused("env", env, "not an object");
  for (const [name, value] of Object.entries(env)) {
    if (isText(value) && name !== "" && !/[=\0]/.test(name)) continue;
    throw refused(`env.${name}`, value, "not a variable and its text");
  }
}

/** No path, name or variable of a process has a zero byte. */
function isText(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}

function refused(field: string, value: unknown, state: string): Error {
  return invalidArgument(field, `Cannot use ${field} "${shown(value)}": ${state}`, {
    plugin: "supervisor",
  });
}
