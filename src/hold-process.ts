import { longestDelayMs } from "./longest-delay.ts";

/** Keeps this process alive until the returned function is called. */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, longestDelayMs);
  return () => clearInterval(timer);
}
