import { describe, it } from "node:test";
import { scale } from "../helpers/scale.ts";
import { memoryWorld } from "./memory-world.ts";
import { runSeeds } from "./seeds.ts";

describe("any schedule of operations and faults, in memory", () => {
  it("each process that is started ends once, nothing hangs and nothing is left", async () => {
    await runSeeds({ count: scale(60, 2000), atOnce: 20, world: memoryWorld });
  });
});
