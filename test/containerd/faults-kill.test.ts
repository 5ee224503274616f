import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Audience } from "../faults/audience.ts";
import { Load } from "../faults/load.ts";
import { besideSteady } from "../faults/steady.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { scale } from "../helpers/scale.ts";
import { connectTo } from "./bed.ts";

const kills = scale(4, 20);

describe(`containerd that is killed ${kills} times while containers come and go`, () => {
  let daemon: Daemon;
  let audience: Audience;

  before(async () => {
    daemon = await startDaemon();
    audience = await Audience.open((options) => connectTo(daemon, options));
  });
  after(async () => {
    await audience?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });

  it("every process that is started ends once, after its start, and wait() knows how", async () => {
    const load = new Load(audience.client, 3);
    await besideSteady(audience.client, "steady", async () => {
      try {
        for (let times = 1; times <= kills; times++) {
          await audience.tellsEnds(4);
          await daemon.restart("SIGKILL");
          await audience.are("connected", times);
        }
      } finally {
        await load.stop();
      }
    });
    await audience.assertTold(load, { outages: kills, others: ["steady"] });
    assert.ok(load.ends.size > kills, `${load.ends.size} processes were started`);
  });
});
