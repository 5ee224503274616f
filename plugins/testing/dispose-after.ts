/** Disposes a resource after its use, on every path. */
export async function disposeAfter<Resource extends AsyncDisposable>(
  resource: Resource,
  use: (resource: Resource) => Promise<void>,
): Promise<void> {
  try {
    await use(resource);
  } finally {
    await resource[Symbol.asyncDispose]();
  }
}
