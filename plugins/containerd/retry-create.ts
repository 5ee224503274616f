import { isContainerError } from "../../src/errors.ts";
import type { CallOptions } from "../../src/runtime.ts";
import { Backoff } from "../../src/backoff.ts";
import { foregroundDelay } from "../../src/delay.ts";

/**
 * How long a task waits for containerd to clear away an earlier one of its container whose Create
 * was broken off, in milliseconds. containerd gives that one's shim 5 s to delete it and 5 s more to
 * end.
 */
const BUDGET_MS = 15_000;

/**
 * The folder of a task is there, and none of its own: the daemon knows of no task. Or its own one,
 * which has the same path, is cleared away for that of the earlier task while it is being filled, or
 * before its shim is started there (`getwd` on containerd 1.6, `fork/exec` of a shim that is there on
 * 2.1). What is said of a root file system below it is another matter, and what is said of a path in
 * it by the way, too: the error itself is at the end of the text.
 */
const inTheWay: readonly RegExp[] = [
  /\b(?:mkdir|symlink|open) (?:(?!\/rootfs\/|: ).)*\.task\/(?:(?!\/rootfs\/|: ).)*: (?:file exists|no such file or directory)(?:: unknown)?$/,
  /: getwd: no such file or directory\s*(?:: exit status \d+)?(?:: unknown)?$/,
  /start failed: .*: fork\/exec \S+: no such file or directory(?:: unknown)?$/,
];

/** What {@linkcode retryCreate} takes. */
export interface RetryCreateOptions extends CallOptions {
  /** Asks whether the container has a task. Default: it has one if Create says so. */
  readonly hasTask?: () => Promise<boolean>;
}

/**
 * Makes a task; again while an earlier one is being cleared away. A client that is killed breaks its
 * Create off; containerd forgets that task at once and clears it away afterwards. Of a shim that was
 * killed it tells nothing any more, while Create still finds its task there.
 */
export async function retryCreate<T>(
  create: () => Promise<T>,
  { signal, hasTask = () => Promise.resolve(true) }: RetryCreateOptions,
): Promise<T> {
  const deadline = Date.now() + BUDGET_MS;
  const backoff = new Backoff();
  while (true) {
    try {
      return await create();
    } catch (error) {
      if (!isContainerError(error) || Date.now() > deadline || signal?.aborted) throw error;
      const isInTheWay = inTheWay.some((text) => text.test(error.message)) ||
        (error.code === "already_exists" && !(await hasTask()));
      if (!isInTheWay) throw error;
      await foregroundDelay(backoff.next(), signal);
      // The task that it would make now would be undone.
      if (signal?.aborted) throw error;
    }
  }
}
