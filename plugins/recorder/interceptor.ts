import type { Interceptor } from "@connectrpc/connect";
import { INIT_PROCESS } from "../../src/runtime.ts";
import { type Journal, messageOf, type RpcEnd } from "./journal.ts";

/** The codes of gRPC, by number from 1. */
const CODES = [
  "canceled",
  "unknown",
  "invalid_argument",
  "deadline_exceeded",
  "not_found",
  "already_exists",
  "permission_denied",
  "resource_exhausted",
  "failed_precondition",
  "aborted",
  "out_of_range",
  "unimplemented",
  "internal",
  "unavailable",
  "data_loss",
  "unauthenticated",
];

/** Takes down every remote procedure call; of messages only whom they are about, and how many. */
export function recordingInterceptor(journal: Journal): Interceptor {
  return (next) => async (request) => {
    const ids = request.stream ? {} : subjectOf(request.message);
    const { service, method, signal } = request;
    const end = journal.rpc({
      method: `${service.typeName}/${method.name}`,
      streams: request.stream,
      ...ids,
    });
    const counts = { sent: request.stream ? 0 : 1, received: 0 };
    const finish = (outcome: RpcEnd["outcome"]) => end({ outcome, ...counts });
    const failed = (error: unknown) => {
      const outcome = signal.aborted ? "aborted" : "error";
      end({ outcome, ...counts, ...codeOf(error), message: messageOf(error) });
    };
    try {
      const response = await next(
        request.stream
          ? { ...request, message: counted(request.message, () => counts.sent++) }
          : request,
      );
      if (!response.stream) {
        counts.received = 1;
        finish("ok");
        return response;
      }
      const message = counted(response.message, () => counts.received++, {
        // Of what nobody begins to read no end would be seen.
        begin: onAbort(signal, () => failed(signal.reason)),
        finish,
        failed,
      });
      return { ...response, message };
    } catch (error) {
      failed(error);
      throw error;
    }
  };
}

/** Calls when a signal aborts; gives what takes the call back. */
function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) call();
  signal.addEventListener("abort", call, { once: true });
  return () => signal.removeEventListener("abort", call);
}

async function* counted<Message>(
  messages: AsyncIterable<Message>,
  count: () => void,
  ends?: {
    readonly begin: () => void;
    readonly finish: (outcome: RpcEnd["outcome"]) => void;
    readonly failed: (error: unknown) => void;
  },
): AsyncGenerator<Message> {
  let isDone = false;
  ends?.begin();
  try {
    for await (const message of messages) {
      count();
      yield message;
    }
    isDone = true;
  } catch (error) {
    ends?.failed(error);
    throw error;
  } finally {
    // Whoever turns away before the end has had enough.
    ends?.finish(isDone ? "ok" : "aborted");
  }
}

/** Whom a message is about, as containerd's messages say it. */
function subjectOf(message: object): { containerId?: string; processId?: string } {
  const { containerId, execId, id, container } = message as {
    readonly containerId?: unknown;
    readonly execId?: unknown;
    readonly id?: unknown;
    readonly container?: { readonly id?: unknown } | undefined;
  };
  const found = [containerId, id, container?.id].find((each) =>
    typeof each === "string" && each !== ""
  );
  if (typeof found !== "string") return {};
  if (typeof execId !== "string") return { containerId: found };
  return { containerId: found, processId: execId === "" ? INIT_PROCESS : execId };
}

function codeOf(error: unknown): { code?: string } {
  const number = typeof error === "object" && error !== null && "code" in error
    ? Number(error.code)
    : NaN;
  const code = CODES[number - 1];
  return code === undefined ? {} : { code };
}
