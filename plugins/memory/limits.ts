import type { Integer, LinuxResources } from "../../src/oci/spec.ts";
import type { Resources } from "../../src/runtime.ts";

/** The limits that stats show. */
export interface Limits {
  /** Memory, in bytes. */
  readonly memoryBytes?: bigint;
  /** Memory and swap, in bytes. */
  readonly memorySwapBytes?: bigint;
  /** Number of processes. */
  readonly pids?: bigint;
}

/** The limits that resources name; `-1`, which is none, is told apart from one that is not named. */
export function limitsOf(resources: Resources | undefined): Limits {
  const { memory, pids } = (resources ?? {}) as LinuxResources;
  return {
    ...limit("memoryBytes", memory?.limit),
    ...limit("memorySwapBytes", memory?.swap),
    ...limit("pids", pids?.limit),
  };
}

/** What control groups tell where there is no limit. */
export const unlimited: bigint = 2n ** 64n - 1n;

function limit<Name extends keyof Limits>(
  name: Name,
  value: Integer | undefined,
): { readonly [each in Name]?: bigint } {
  if (value === undefined) return {};
  const whole = BigInt(value);
  return { [name]: whole < 0n ? unlimited : whole } as { readonly [each in Name]: bigint };
}
