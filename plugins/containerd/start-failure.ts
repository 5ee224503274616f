import { ContainerError, type ErrorCode } from "../../src/errors.ts";

/** One kind of text of a runtime that could not run a command. */
interface StartFailure {
  readonly pattern: RegExp;
  readonly exitCode: 126 | 127;
  readonly code: ErrorCode;
}

/** What a shell would call "command not found" (127) and "cannot execute" (126), as moby reads it. */
const failures: readonly StartFailure[] = [
  {
    pattern:
      /executable file not found|no such file or directory|system cannot find the file specified/i,
    exitCode: 127,
    code: "not_found",
  },
  {
    pattern: /permission denied|is a directory|not a directory|exec format error/i,
    exitCode: 126,
    code: "failed_precondition",
  },
];

/**
 * Adds the exit code that a shell would give to the error of a command that could not be run:
 * runtimes tell it only in their texts. Other errors are returned as they are.
 */
export function startFailure(error: ContainerError): ContainerError {
  if (!["unknown", "internal", "not_found", "permission_denied"].includes(error.code)) return error;
  const failure = failures.find(({ pattern }) => pattern.test(error.message));
  if (!failure || !/exec|starting container process|run container|hcs/i.test(error.message)) {
    return error;
  }
  return new ContainerError(failure.code, error.message, {
    plugin: error.plugin,
    containerId: error.containerId,
    processId: error.processId,
    exitCode: failure.exitCode,
    cause: error.cause,
  });
}
