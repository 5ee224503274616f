import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runUnaryCall } from "@connectrpc/connect/protocol";
import { background } from "../rpc/mod.ts";
import { startCall } from "./calls.ts";
import { exchange, type Reply } from "./exchange.ts";
import { encodeFrame } from "./frames.ts";
import { requestHeaders } from "./request-headers.ts";
import type { Routes } from "./routes.ts";
import { toHeaders } from "./status.ts";

/** What {@linkcode createUnary} takes. */
export interface UnaryOptions {
  /** Choose the connection. */
  readonly routes: Routes;
  /** `http://localhost` and the like, for `request.url` of interceptors. */
  readonly authority: string;
  /** Wrap every call. */
  readonly interceptors: readonly Interceptor[];
  /** The largest message, both ways, in bytes. */
  readonly maxMessageBytes: number;
}

/** Makes the unary half of a Connect transport. Without interceptors it does only what the wire needs. */
export function createUnary(options: UnaryOptions): Transport["unary"] {
  const { routes, authority, maxMessageBytes } = options;
  const interceptors = [...options.interceptors];

  async function call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
    contextValues: ContextValues | undefined,
  ): Promise<UnaryResponse<I, O>> {
    const message = create(method.input, input);
    const request = {
      headers: requestHeaders(`/${method.parent.typeName}/${method.name}`, timeoutMs, header),
      frame: encodeFrame(toBinary(method.input, message), maxMessageBytes),
      kind: contextValues?.get(background) ? "background" : "foreground",
      signal,
      timeoutMs,
      maxMessageBytes,
    } as const;
    const connector = routes.forRequest(request.frame.byteLength);
    const reply = await startCall(connector, request, (session) => exchange(session, request));
    return new LazyResponse(method, decode(method.output, reply.message), reply);
  }

  return (method, signal, timeoutMs, header, input, contextValues) => {
    // Connect's own transports take a limit of 0 or less for none.
    const limitMs = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
    const run = interceptors.length === 0 ? call : intercepted;
    return run(method, signal, limitMs, header, input, contextValues);
  };

  function intercepted<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    message: MessageInitShape<I>,
    contextValues: ContextValues | undefined,
  ): Promise<UnaryResponse<I, O>> {
    return runUnaryCall<I, O>({
      interceptors,
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      req: {
        stream: false,
        service: method.parent,
        method,
        requestMethod: "POST",
        url: `${authority}/${method.parent.typeName}/${method.name}`,
        header: new Headers(header),
        contextValues: contextValues ?? createContextValues(),
        message,
      },
      next: (req: UnaryRequest<I, O>) =>
        call(
          req.method,
          req.signal,
          timeoutMs,
          req.header,
          req.message as MessageInitShape<I>,
          req.contextValues,
        ),
    });
  }
}

/** Web headers cost more than a small message: they are made for those who look at them. */
class LazyResponse<I extends DescMessage, O extends DescMessage> implements UnaryResponse<I, O> {
  readonly stream = false;
  readonly service: UnaryResponse<I, O>["service"];
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<O>;
  readonly #reply: Reply;
  #header: Headers | undefined;
  #trailer: Headers | undefined;

  constructor(method: DescMethodUnary<I, O>, message: MessageShape<O>, reply: Reply) {
    this.service = method.parent;
    this.method = method;
    this.message = message;
    this.#reply = reply;
  }

  get header(): Headers {
    return this.#header ??= toHeaders(this.#reply.header);
  }

  get trailer(): Headers {
    return this.#trailer ??= toHeaders(this.#reply.trailer);
  }
}

function decode<O extends DescMessage>(schema: O, bytes: Uint8Array): MessageShape<O> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectError(
      `cannot decode ${schema.typeName}: ${text}`,
      Code.Internal,
      undefined,
      undefined,
      cause,
    );
  }
}
