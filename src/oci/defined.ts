/** Copies an object without the fields that are undefined. */
export function defined<T extends object>(fields: T): T {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as T;
}

/** As {@linkcode defined}, but undefined if nothing is left. */
export function section<T extends object>(fields: T): T | undefined {
  const copy = defined(fields);
  return Object.keys(copy).length === 0 ? undefined : copy;
}
