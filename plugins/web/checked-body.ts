import { networkError } from "./network-error.ts";
import { webError } from "./web-error.ts";

/** Looks at the bytes of an answer as they pass. */
export interface ResponseCheck {
  /** Whether the answer may end here. */
  readonly complete: boolean;
  /** Takes the next bytes; throws if they are refused. */
  take(chunk: Uint8Array): void;
}

/** What {@linkcode checkedBody} takes. */
export interface CheckedBodyOptions {
  /** Where the answer comes from, for messages. */
  readonly baseUrl: string;
  /** Ends the answer. */
  readonly signal: AbortSignal | undefined;
}

/** The body of an answer, whose errors say what happened, and which is read no faster than before. */
export function checkedBody(
  body: ReadableStream<Uint8Array>,
  check: ResponseCheck,
  { baseUrl, signal }: CheckedBodyOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let forget = () => {};
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // Deno 2.9 tells a read that is under way nothing of an abort, once the Response that the
      // body came from was collected as garbage.
      const abort = () => {
        controller.error(signal?.reason);
        reader.cancel(signal?.reason).catch(() => {});
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort, { once: true });
      forget = () => signal?.removeEventListener("abort", abort);
    },
    async pull(controller) {
      const { value, done } = await reader.read().catch((error: unknown) => {
        forget();
        throw networkError(baseUrl, error);
      });
      if (!done) {
        check.take(value);
        controller.enqueue(value);
        return;
      }
      forget();
      if (!check.complete) throw webError(`Lost connection to "${baseUrl}": answer is incomplete`);
      controller.close();
    },
    cancel(reason) {
      forget();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
