import { invalidArgument, shown } from "./errors.ts";
import type { TerminalSize } from "./runtime.ts";

/**
 * Checks the size of a terminal.
 *
 * @throws {ContainerError} `invalid_argument` unless both are whole numbers from 1 to 65535.
 */
export function validateTerminalSize(size: TerminalSize): void {
  for (const field of ["columns", "rows"] as const) {
    const value: unknown = size?.[field];
    if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65535) continue;
    throw invalidArgument(
      field,
      `Cannot resize terminal: ${field} must be a whole number from 1 to 65535, not ${
        shown(value)
      }`,
    );
  }
}
