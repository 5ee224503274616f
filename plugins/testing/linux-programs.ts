import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import type { Program, ProgramOptions } from "./program.ts";

function argsOf(program: Program): readonly string[] {
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

/** A Linux container that runs a program out of a busybox root file system. */
export function linuxProgramSpec(
  program: Program,
  options: ProgramOptions & { readonly rootfs: string },
): Spec {
  const { rootfs, terminal } = options;
  return linuxSpec({
    args: argsOf(program),
    rootfs,
    readonlyRootfs: true,
    // To checkpoint a network namespace CRIU needs iptables, which not every host has.
    network: "host",
    ...(terminal === undefined ? {} : { terminal }),
  });
}

/** A further process of such a container. */
export function linuxProgramProcess(program: Program, options: ProgramOptions = {}): Process {
  const { terminal } = options;
  return processSpec({ args: argsOf(program), ...(terminal === undefined ? {} : { terminal }) });
}
