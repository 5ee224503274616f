/** A value as part of the name of a test. */
export function show(value: unknown): string {
  return typeof value === "string" && value.length > 20
    ? `${value.length} characters`
    : inspect(value);
}

function inspect(value: unknown): string {
  return typeof value === "bigint" || typeof value === "number" || value === undefined
    ? String(value)
    : JSON.stringify(value, (_, each) => typeof each === "bigint" ? String(each) : each);
}
