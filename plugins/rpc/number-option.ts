import { invalidArgument, shown } from "../../src/errors.ts";

/** The length of a message is sent in 32 bits; a Uint8Array of Node holds at least 2 GiB. */
export const largestMessageBytes: number = 2 ** 31 - 1;

/** What {@linkcode numberOption} takes. */
export interface NumberOption {
  /** What it is where it is left out. */
  readonly fallback: number;
  /** The least that it may be. Default: 1. */
  readonly least?: number;
  /** The most that it may be. */
  readonly most: number;
}

/**
 * The value of an option that is a whole number.
 *
 * @throws {ContainerError} `invalid_argument` that names the option.
 */
export function numberOption<Name extends string>(
  options: { readonly [name in Name]?: number | undefined },
  name: Name,
  { fallback, least = 1, most }: NumberOption,
): number {
  const value: unknown = options[name] ?? fallback;
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  throw invalidArgument(
    name,
    `Cannot use ${name} "${shown(value)}": must be a whole number from ${least} to ${most}`,
  );
}
