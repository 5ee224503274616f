import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import type { Program, ProgramOptions } from "./program.ts";

/** What {@linkcode linuxProgramSpec} takes. */
export interface LinuxProgramOptions extends ProgramOptions {
  /** Folder of the root file system, with `sh`, `cat`, `sleep` and `stty` as busybox has them. */
  readonly rootfs: string;
}

/** The command line of a program on Linux, of what every busybox has. */
export function linuxProgramArgs(program: Program): readonly string[] {
  switch (program.does) {
    case "exit":
      return ["sh", "-c", `exit ${program.code}`];
    case "run":
      return ["sleep", "3600"];
    case "copy":
      return ["cat"];
    case "print": {
      const { stdout, stderr } = program;
      return ["sh", "-c", 'printf %s "$1"; printf %s "$2" >&2', "sh", stdout, stderr];
    }
    case "tell-size":
      return ["sh", "-c", "read -r line; stty size"];
    case "not-exist":
      return ["/no/such/program"];
  }
}

/** The spec of a Linux container that runs a program, from a read-only root file system. */
export function linuxProgramSpec(
  program: Program,
  options: LinuxProgramOptions,
): Spec {
  const { rootfs, terminal } = options;
  return linuxSpec({
    args: linuxProgramArgs(program),
    rootfs,
    readonlyRootfs: true,
    // To checkpoint a network namespace CRIU needs iptables, which not every host has.
    network: "host",
    ...(terminal === undefined ? {} : { terminal }),
  });
}

/** The spec of a further process of such a container. */
export function linuxProgramProcess(program: Program, options: ProgramOptions = {}): Process {
  const { terminal } = options;
  return processSpec({
    args: linuxProgramArgs(program),
    ...(terminal === undefined ? {} : { terminal }),
  });
}
