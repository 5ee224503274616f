import process from "node:process";

/** Whether this is a stress run (`npm run stress`), which repeats more. */
export const isStress: boolean = process.env["LIBCONTAINERD_STRESS"] === "1";

/** A count that tests repeat by: the small one in a test run, the large one in a stress run. */
export function scale(small: number, large: number): number {
  return isStress ? large : small;
}
