import { checkOptions } from "../../../src/check-options.ts";
import { invalidArgument, shown } from "../../../src/errors.ts";
import { MemoryHost } from "../../memory/mod.ts";
import { parseRecording } from "../parse-recording.ts";
import type { Recording } from "../recording.ts";
import { Performance } from "./performance.ts";
import type { ReplayOptions, ReplayResult } from "./result.ts";

/** Replays a recording; see `mod.ts`. */
export async function replayRecording(
  recording: Recording,
  options: ReplayOptions,
): Promise<ReplayResult> {
  checkOptions(options, "host", "budgetMs");
  const { host, budgetMs = 15_000, signal } = options;
  if (host !== undefined && !(host instanceof MemoryHost)) {
    throw invalidArgument("host", 'Cannot use option "host": not a MemoryHost');
  }
  if (typeof budgetMs !== "number" || !(budgetMs > 0)) {
    throw invalidArgument(
      "budgetMs",
      `Cannot use budgetMs "${shown(budgetMs)}": not a number above 0`,
    );
  }
  const checked = parseRecording(recording);
  signal?.throwIfAborted();
  const played = new Performance(checked, { host, budgetMs });
  const stop = () => played.stop(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await played.run();
  } finally {
    signal?.removeEventListener("abort", stop);
    await played.close();
  }
}
