import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Spec } from "../../src/oci/spec.ts";
import type { BenchOptions } from "./options.ts";
import { type CommandOptions, runCommand } from "./run-command.ts";

/** containerd's own client, as a process for each container. */
export interface Ctr {
  /**
   * Runs a container with the spec that was given, to its end, and removes it.
   *
   * @param flags More flags of `ctr run`, for instance `--null-io`.
   * @returns How long that took, in milliseconds.
   */
  run(id: string, flags: readonly string[], options?: CommandOptions): Promise<number>;
  /** Removes the file of the spec. */
  remove(): void;
}

/** Prepares `ctr run` with the same spec that the client gets; ctr is found on the `PATH`. */
export function ctrFor(spec: Spec, { address, namespace }: BenchOptions): Ctr {
  const folder = mkdtempSync(join(tmpdir(), "lcbench-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Also when what is made after it fails.
  process.once("exit", remove);
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify(spec));
  const global = ["--address", address.replace(/^unix:\/\//, ""), "--namespace", namespace];
  return {
    run: (id, flags, options) =>
      runCommand("ctr", [...global, "run", "--rm", "--config", config, ...flags, id], options),
    remove,
  };
}
