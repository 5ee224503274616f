import {
  boolean,
  type Check,
  every,
  fields,
  integer,
  MAX_UINT16,
  name,
  options as optionsOf,
  path,
  refuse,
  text,
} from "./check.ts";
import { defined } from "./defined.ts";
import { type Env, envOption, mergeEnv } from "./env.ts";
import { likeProcess } from "./process-spec.ts";
import type { Process, Spec } from "./spec.ts";
import { args } from "./validate-process.ts";

/** What a Windows process is described by: `args` or `commandLine`, and not both. */
export interface WindowsProcessOptions {
  /** The executable and its arguments; the runtime quotes them. */
  readonly args?: readonly string[] | undefined;
  /** The whole command line, as it is. */
  readonly commandLine?: string | undefined;
  /** Environment variables beside those of the image. Default: none. */
  readonly env?: Env | undefined;
  /** Working directory, an absolute path in the container. Default: `C:\`. */
  readonly cwd?: string | undefined;
  /** Whether the process has a terminal. Default: false. */
  readonly terminal?: boolean | undefined;
  /** Size of the terminal at the start, in character cells, each 1 to 65535. */
  readonly consoleSize?: { readonly columns: number; readonly rows: number } | undefined;
  /** Name of the user, for instance `ContainerAdministrator`. Default: as the runtime. */
  readonly username?: string | undefined;
}

/** What {@linkcode windowsProcessSpec} takes. */
export interface WindowsProcessSpecOptions extends WindowsProcessOptions {
  /**
   * The spec of a container, or of a process, whose process this one is like: everything but its
   * arguments and terminal is taken from there where it is not given.
   */
  readonly like?: Spec | Process | undefined;
}

const cells: Check = integer(1, MAX_UINT16);
/** The checks of {@linkcode WindowsProcessOptions}. */
export const processChecks: Readonly<Record<string, Check>> = {
  args,
  commandLine: name,
  env: envOption,
  cwd: path,
  terminal: boolean,
  consoleSize: fields({}, { columns: cells, rows: cells }),
  username: text,
};
/** Accepts options with one of `args` and `commandLine`. */
export const oneCommand: Check = (value, at) => {
  const { args, commandLine } = value as WindowsProcessOptions;
  if (args && commandLine) refuse(`${at}.commandLine`, "args is given, too");
  if (!args && !commandLine) refuse(`${at}.args`, "missing");
};
const processOptions: Check = every(optionsOf({ ...processChecks, like: fields({}) }), oneCommand);

/**
 * Describes a further process of a Windows container, or the first one.
 *
 * @throws {ContainerError} `invalid_argument` for the first option that is wrong, by its path: for
 * instance `options.cwd`.
 */
export function windowsProcessSpec(options: WindowsProcessSpecOptions): Process {
  processOptions(options, "options");
  return buildProcess(options, likeProcess(options.like));
}

/** Describes a process, by checked options. */
export function buildProcess(options: WindowsProcessOptions, base?: Process): Process {
  const { args, commandLine, terminal, consoleSize, username } = options;
  const env = mergeEnv(base?.env ?? [], options.env);
  return defined<Process>({
    ...base,
    args,
    commandLine,
    terminal,
    cwd: options.cwd ?? base?.cwd ?? "C:\\",
    consoleSize: consoleSize && { height: consoleSize.rows, width: consoleSize.columns },
    user: username === undefined ? base?.user : { username },
    env: env.length > 0 ? env : undefined,
  });
}
