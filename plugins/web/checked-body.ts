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
  /** Ends the call; its errors are passed on as they are. */
  readonly signal: AbortSignal | undefined;
}

/** The body of an answer, whose errors say what happened, and which is read no faster than before. */
export function checkedBody(
  body: ReadableStream<Uint8Array>,
  check: ResponseCheck,
  { baseUrl, signal }: CheckedBodyOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const next = async () => {
    try {
      return await reader.read();
    } catch (error) {
      throw signal?.aborted ? error : networkError(baseUrl, error);
    }
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await next();
      if (!done) {
        try {
          check.take(value);
        } catch (error) {
          reader.cancel(error).catch(() => {});
          throw error;
        }
        return controller.enqueue(value);
      }
      // An aborted call ends here without an error in Node (nodejs/undici#1940): that is told after.
      if (!check.complete && !signal?.aborted) {
        throw webError(`Lost connection to "${baseUrl}": answer is incomplete`);
      }
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
