/**
 * Waits until something holds that no event tells of, such as the end of a process on the host.
 *
 * @throws {Error} After 20 s, with what was waited for.
 */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!await holds()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
