import type { ContainerError } from "../../src/errors.ts";
import { webError } from "./web-error.ts";

/**
 * The error of a request that got no answer, or only a part of one. Every runtime has its own: Node
 * hides the reason in causes, Deno has it in the text, Bun in a code, workerd tells little.
 */
export function networkError(baseUrl: string, cause: unknown): ContainerError {
  return webError(`Cannot reach "${baseUrl}": ${reasonOf(cause)}`, cause);
}

/** The text of the innermost cause that has one. */
function reasonOf(error: unknown): string {
  const seen = new Set<unknown>();
  let reason = "";
  for (let each = error; each !== undefined && !seen.has(each);) {
    seen.add(each);
    reason = textOf(each) || reason;
    each = each instanceof Error ? each.cause : undefined;
  }
  return reason.replace(/\.$/, "") || "no reason given";
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Node gives one error for all addresses of a name, whose own text is empty.
  if (error.message === "" && "code" in error) return String(error.code);
  return error.message;
}
