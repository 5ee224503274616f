/** Longest delay of a timer, in milliseconds: about 24.8 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** Keeps this process alive until the returned function is called. */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, LONGEST_MS);
  return () => clearInterval(timer);
}
