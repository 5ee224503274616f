import type { Interceptor } from "@connectrpc/connect";
import { invalidArgument } from "../../src/errors.ts";

/**
 * Checks the option of what wraps every call.
 *
 * @throws {ContainerError} `invalid_argument` with field `interceptors`, and the place of the first
 * one that is none.
 */
export function checkInterceptors(interceptors: readonly Interceptor[] | undefined): void {
  if (interceptors === undefined) return;
  if (!Array.isArray(interceptors)) {
    throw invalidArgument("interceptors", 'Cannot use option "interceptors": not an array');
  }
  const other = interceptors.findIndex((each) => typeof each !== "function");
  if (other === -1) return;
  const field = `interceptors[${other}]`;
  throw invalidArgument(field, `Cannot use option "${field}": not a function`);
}
