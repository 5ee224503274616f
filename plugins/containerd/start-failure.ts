import { ContainerError } from "../../src/errors.ts";

/** What a shell would call "command not found" (127) and "cannot execute" (126), as moby reads it. */
const failures: readonly { readonly pattern: RegExp; readonly exitCode: 126 | 127 }[] = [
  {
    pattern:
      /executable file not found|no such file or directory|system cannot find the file specified/i,
    exitCode: 127,
  },
  { pattern: /permission denied|is a directory|not a directory|exec format error/i, exitCode: 126 },
];

/** Texts of runtimes that tell that it was the command that could not be run. */
const command = /exec:|exec failed|exec \S+ failed|starting container process|hcs::/i;

/**
 * Adds the exit code that a shell would give to the error of a command that could not be run:
 * runtimes tell it only in their texts. Other errors are returned as they are.
 */
export function startFailure(error: ContainerError): ContainerError {
  // What was not found is the OCI runtime's own binary.
  if (["unavailable", "not_found"].includes(error.code)) return error;
  if (!command.test(error.message)) return error;
  const failure = failures.find(({ pattern }) => pattern.test(error.message));
  if (!failure) return error;
  const { code, message, plugin, containerId, processId, cause } = error;
  const { exitCode } = failure;
  return new ContainerError(code, message, { plugin, containerId, processId, exitCode, cause });
}
