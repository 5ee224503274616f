/** The value that the given part of the list is below: 0.5 for the median. */
export function quantile(list: readonly number[], part: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(position)], sorted[Math.ceil(position)]];
  if (low === undefined || high === undefined) throw new Error("Cannot take a quantile: no values");
  return low + (high - low) * (position - Math.floor(position));
}

/** The middle value. */
export function median(list: readonly number[]): number {
  return quantile(list, 0.5);
}

/** The two values between which the middle half of the list lies. */
export function middleHalf(list: readonly number[]): readonly [number, number] {
  return [quantile(list, 0.25), quantile(list, 0.75)];
}
