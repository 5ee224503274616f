/** Disposes a resource after its use, on every path. */
export async function disposeAfter<Resource extends AsyncDisposable>(
  resource: Resource,
  use: (resource: Resource) => Promise<void>,
): Promise<void> {
  await cleanUpAfter(() => use(resource), () => resource[Symbol.asyncDispose]());
}

/**
 * Cleans up after a use, on every path. Where both fail the use is told of: the clean-up has most
 * likely failed because of it.
 */
export async function cleanUpAfter(
  use: () => Promise<void>,
  cleanUp: () => PromiseLike<void>,
): Promise<void> {
  try {
    await use();
  } catch (error) {
    await Promise.resolve(cleanUp()).catch(() => {});
    throw error;
  }
  await cleanUp();
}
