/**
 * What a whole script costs that starts, connects, runs one container and ends, beside `ctr run`
 * with the same spec. What an empty script costs is the runtime's own and is taken off.
 *
 *     node bench/script/run.ts --address unix:///run/containerd/containerd.sock --rounds 20
 */

import { found, sharedRootfs } from "../../test/helpers/cache.ts";
import { allBuilds, forBuilds, makeBuilds } from "../support/builds.ts";
import { busyboxSpec, nextId } from "../support/containers.ts";
import { ctrFor } from "../support/ctr.ts";
import { benchOptions } from "../support/options.ts";
import { takeTurns } from "../support/rounds.ts";
import { printRow } from "../support/row.ts";
import { runScript } from "../support/run-script.ts";
import { scriptText } from "./script-text.ts";

const options = benchOptions({ rounds: 20 });
const { address, namespace } = options;
const ctr = ctrFor(busyboxSpec(["/bin/true"]), options);
const builds = makeBuilds();

try {
  const empty = await builds.write("empty", "sources", () => "");
  const scripts = await forBuilds(async (build) => {
    const file = await builds.write(
      "script",
      build,
      (specifier) => scriptText({ auto: specifier("auto"), spec: specifier("spec") }),
    );
    return () => runScript(file, [address, namespace, found(sharedRootfs), nextId()]);
  });
  const times = await takeTurns({
    ...scripts,
    empty: () => runScript(empty),
    peer: () => ctr.run(nextId(), ["--null-io"]),
  }, options);
  for (const build of allBuilds) {
    printRow({
      bench: "script",
      case: `script that runs /bin/true, less an empty one, ${build}`,
      ours: times[build].map((ms, round) => ms - (times.empty[round] ?? Number.NaN)),
      peer: times.peer,
      unit: "ms",
      goal: "<= 1.15",
    });
  }
} finally {
  builds.remove();
  ctr.remove();
}
