import { shown } from "../../src/errors.ts";
import { Context } from "./context.ts";
import type { HostProcess } from "./host-process.ts";
import type { MemoryProgram } from "./program.ts";

/** Runs the program of a process to its end, beginning when everybody else had a turn. */
export async function runProgram(
  process: HostProcess,
  program: Exclude<MemoryProgram, "not-executable">,
): Promise<void> {
  const { running } = process.machine;
  const context = new Context(process);
  running.add(context);
  let code = 1;
  try {
    await null;
    // It may have been killed, or its container paused, before its first step.
    await context.awake();
    code = codeOf(await program(context));
  } catch (error) {
    if (process.isRunning) await context.printError(`${describe(error)}\n`).catch(() => {});
  }
  // As a process does whose output is written at its end: it waits for room in the pipe.
  await context.flushed();
  await context.awake().catch(() => {});
  running.delete(context);
  process.end(code);
}

/** What a program gives, in a byte as exit codes are; what is no number at all is a failure. */
function codeOf(code: unknown): number {
  if (typeof code === "number" && Number.isInteger(code)) return code & 0xff;
  throw new TypeError(`A program must give its exit code, not ${shown(code)}`);
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : shown(error);
}
