import { execFileSync } from "node:child_process";
import { criuDir, found } from "./cache.ts";

/**
 * Why checkpoint tests cannot run on this machine, or false if they can; for `{ skip }`. CRIU needs
 * to know the kernel, so a new kernel may have to wait for a new CRIU.
 */
export function checkpointProblem(): string | false {
  const program = found(`${criuDir}/criu`);
  try {
    execFileSync(program, ["check"], { stdio: "pipe" });
    return false;
  } catch (error) {
    const text = String((error as { stderr?: unknown }).stderr ?? error).trim().split("\n").at(-1);
    return `criu check fails on this kernel: ${text}`;
  }
}
