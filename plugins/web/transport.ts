import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamResponse, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { createFetch } from "./fetch.ts";
import type { OpenCall, OpenCalls } from "./open-calls.ts";
import type { WebSettings } from "./settings.ts";

/** Makes connect-web's transport on our fetch; its calls are known to `calls` while they are open. */
export function createWebTransport(settings: WebSettings, calls: OpenCalls): Transport {
  const options = {
    baseUrl: settings.baseUrl,
    useBinaryFormat: true,
    interceptors: [...settings.interceptors ?? []],
    fetch: createFetch(settings),
  };
  const transport = settings.protocol === "connect"
    ? createConnectTransport(options)
    : createGrpcWebTransport(options);
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const call = calls.begin(signal);
      try {
        return await transport.unary(method, call.signal, timeoutMs, header, input, contextValues);
      } finally {
        call.done();
      }
    },
    async stream(method, signal, timeoutMs, header, input, contextValues) {
      if (method.methodKind !== "server_streaming") {
        throw new ConnectError(
          `${method.parent.typeName}/${method.name} sends a stream, which fetch cannot`,
          Code.Unimplemented,
        );
      }
      const call = calls.begin(signal);
      try {
        return watched(
          await transport.stream(method, call.signal, timeoutMs, header, input, contextValues),
          call,
        );
      } catch (error) {
        call.done();
        throw error;
      }
    },
  };
}

/**
 * Tells when a stream has ended, either way, and ends its request when the reader leaves early:
 * connect-web's own iterator has no `return()`, so the answer would stay open.
 */
function watched<I extends DescMessage, O extends DescMessage>(
  response: StreamResponse<I, O>,
  call: OpenCall,
): StreamResponse<I, O> {
  const { message } = response;
  return {
    ...response,
    message: {
      [Symbol.asyncIterator]() {
        const iterator = message[Symbol.asyncIterator]();
        let left = false;
        return {
          async next() {
            if (left) return { done: true, value: undefined };
            try {
              const result = await iterator.next();
              if (result.done === true) call.done();
              return result;
            } catch (error) {
              call.done();
              // A read that was under way then fails of our own abort.
              if (left) return { done: true, value: undefined };
              throw error;
            }
          },
          return() {
            left = true;
            call.cut(new DOMException("reader has left the stream", "AbortError"));
            call.done();
            return Promise.resolve({ done: true, value: undefined });
          },
        };
      },
    },
  };
}
