/** The longest delay of a timer, in milliseconds, about 24.8 days: beyond it, runtimes fire at once. */
export const longestDelayMs: number = 2 ** 31 - 1;
