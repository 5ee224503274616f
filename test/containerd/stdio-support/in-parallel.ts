/** Does something many times, some at a time; the first failure is thrown after all have ended. */
export async function inParallel(
  count: number,
  workers: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const failures: unknown[] = [];
  const run = async () => {
    while (next < count && failures.length === 0) {
      const index = next++;
      try {
        await work(index);
      } catch (error) {
        failures.push(new Error(`Run ${index} of ${count} failed`, { cause: error }));
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, run));
  if (failures.length > 0) throw failures[0];
}
