import process from "node:process";
import { runtimeName } from "../../test/helpers/runtime.ts";
import { type CommandOptions, runCommand } from "./run-command.ts";

/**
 * Runs a script with the runtime that runs this, as a process of its own, to its end.
 *
 * @returns How long that took, from before the process was started, in milliseconds.
 */
export function runScript(
  file: string,
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<number> {
  const flags = runtimeName() === "deno" ? ["run", "--allow-all", "--quiet"] : [];
  const env = { DENO_NO_UPDATE_CHECK: "1", ...options.env };
  return runCommand(process.execPath, [...flags, file, ...args], { ...options, env });
}
