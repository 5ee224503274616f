import { invalidArgument } from "./errors.ts";

/** Bytes of a label's key and value together. */
const MAX_LABEL_BYTES = 4096;
const KEY_LENGTH_IN_MESSAGES = 64;

/**
 * Checks labels: strings, a key that is not empty, and at most 4096 bytes of key and value.
 *
 * @param field What the error names as the refused field, with the key after it.
 * @throws {ContainerError} `invalid_argument` for any other.
 * @see containerd pkg/labels/validate.go
 */
export function validateLabels(
  labels: Readonly<Record<string, string>>,
  field = "labels",
): void {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) {
    throw invalidArgument(field, `Cannot use "${field}": not an object`);
  }
  for (const [key, value] of Object.entries(labels)) {
    const shown = key.slice(0, KEY_LENGTH_IN_MESSAGES);
    const fail = (state: string): never => {
      throw invalidArgument(
        `${field}[${JSON.stringify(shown)}]`,
        `Cannot use label "${shown}": ${state}`,
      );
    };
    if (key === "") fail("its key is empty");
    if (typeof value !== "string") fail("its value is not a string");
    const bytes = new TextEncoder().encode(key + value).length;
    if (bytes > MAX_LABEL_BYTES) {
      fail(`key and value have ${bytes} bytes, at most ${MAX_LABEL_BYTES} are allowed`);
    }
  }
}
