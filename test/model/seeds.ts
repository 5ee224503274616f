import process from "node:process";
import { isStress } from "../helpers/scale.ts";
import { Schedule } from "./schedule.ts";
import type { World } from "./world.ts";

/** The seed that is run alone, if one is asked for. */
const only = process.env["LIBCONTAINERD_SEED"];

/** How many failures are told. */
const TOLD = 12;

/** What {@linkcode runSeeds} takes. */
export interface SeedsOptions {
  /** How many schedules there are. */
  readonly count: number;
  /** How many run at a time. */
  readonly atOnce: number;
  /** Makes the world of one. */
  readonly world: (seed: number) => World | Promise<World>;
}

/**
 * Runs schedules, each in a world of its own; `LIBCONTAINERD_SEED` runs one of them alone.
 *
 * @throws {Error} With the seeds of those that failed, and how the first of them did.
 */
export async function runSeeds({ count, atOnce, world }: SeedsOptions): Promise<void> {
  const seeds = only === undefined
    ? Array.from({ length: count }, (_, index) => index + 1)
    : [Number(only)];
  const failures: string[] = [];
  let started = 0;
  const work = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      let place: World | undefined;
      try {
        place = await world(seed);
        const count = await new Schedule(place, seed).run();
        started += count;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        failures.push(`seed ${seed}: ${text}`);
      } finally {
        await place?.[Symbol.asyncDispose]();
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (isStress) console.log(`${started} processes were started`);
  if (failures.length === 0 && started === 0) failures.push("none: no process was started");
  if (failures.length === 0) return;
  throw new Error(
    `${failures.length} schedules failed; LIBCONTAINERD_SEED=N runs one alone\n${
      failures.slice(0, TOLD).join("\n\n")
    }\n${failures.map((each) => each.slice(0, each.indexOf(":"))).join(", ")}`,
  );
}
