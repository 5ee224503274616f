import { after, describe, it } from "node:test";
import { scale } from "../helpers/scale.ts";
import { containerdWorld } from "../model/containerd-world.ts";
import { runSeeds } from "../model/seeds.ts";
import { Stations } from "../model/station.ts";

/** How many daemons there are, each with one schedule at a time. */
const DAEMONS = 4;

describe("any schedule of operations and faults, with containerd", () => {
  const stations = new Stations();
  after(() => stations[Symbol.asyncDispose]());

  it("each process that is started ends once, nothing hangs and nothing is left", async () => {
    await runSeeds({
      count: scale(4, 200),
      atOnce: DAEMONS,
      world: (seed) => containerdWorld(seed, stations),
    });
  });
});
