import { Code, ConnectError } from "@connectrpc/connect";
import { checkedBody, type ResponseCheck } from "./checked-body.ts";
import { EnvelopeCheck, LengthCheck } from "./message-checks.ts";
import { networkError } from "./network-error.ts";
import type { WebSettings } from "./settings.ts";
import { webError } from "./web-error.ts";

/** What connect-web fills in, and what we add; some of it is of one runtime only. */
type Init = RequestInit & { readonly timeout?: false };

/** Flag of the last message of a gRPC-Web answer: the trailer. */
const trailerFlag = 0x80;

/** Flag of the last message of a stream in the Connect protocol. */
const endStreamFlag = 0x02;

/** Bytes before each message: flags and length. */
const envelopeHeaderBytes = 5;

/**
 * Makes the fetch that connect-web calls: with the headers of the user, without redirects, with
 * limits, and with errors that say what happened. After any error connect-web aborts the request,
 * and after an abort it rejects with that, whatever the error was.
 */
export function createFetch(settings: WebSettings): typeof globalThis.fetch {
  const { baseUrl } = settings;
  return async (input, init = {}) => {
    const streaming = isStreaming(init.headers);
    checkSize(settings, init.body, streaming);
    const headers = await mergedHeaders(settings, init);
    // Taken late: a test, or the host, may replace the global. Called as a plain function, since
    // browsers refuse any `this` but the global.
    const send = settings.fetch ?? globalThis.fetch;
    let response: Response;
    try {
      const complete: Init = {
        ...init,
        headers,
        // connect-web asks for "error", which workerd refuses, and which tells no location.
        redirect: "manual",
        // workerd refuses the field whatever its value.
        ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
        // Bun would end a call or a stream that is silent for 5 minutes.
        timeout: false,
      };
      response = await send(input, complete);
    } catch (error) {
      throw networkError(baseUrl, error);
    }
    refuseRedirect(baseUrl, response);
    return checkedResponse(settings, response, { streaming, signal: init.signal ?? undefined });
  };
}

function checkSize(
  { protocol, maxMessageBytes }: WebSettings,
  body: unknown,
  streaming: boolean,
): void {
  if (!(body instanceof Uint8Array)) return;
  const header = protocol === "grpc-web" || streaming ? envelopeHeaderBytes : 0;
  if (body.byteLength - header <= maxMessageBytes) return;
  throw new ConnectError(
    `message of ${body.byteLength - header} bytes is larger than ${maxMessageBytes}`,
    Code.ResourceExhausted,
  );
}

async function mergedHeaders({ headers, baseUrl }: WebSettings, init: RequestInit) {
  const merged = new Headers(init.headers);
  if (headers === undefined) return merged;
  try {
    const { signal } = init;
    const given = typeof headers === "function" ? await headers(signal ? { signal } : {}) : headers;
    for (const [name, value] of Object.entries(given)) {
      if (!merged.has(name)) merged.set(name, value);
    }
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw webError(`Cannot make headers for "${baseUrl}": ${text}`, cause);
  }
  return merged;
}

/** Browsers hide where a redirect leads to. */
function refuseRedirect(baseUrl: string, response: Response): void {
  const { status, type } = response;
  if (type !== "opaqueredirect" && !(status >= 300 && status < 400)) return;
  const location = response.headers.get("location");
  const target = location === null ? "elsewhere" : `to "${location}"`;
  const shown = status === 0 ? "" : ` (HTTP ${status})`;
  throw webError(`Cannot call "${baseUrl}": redirected ${target}${shown}`);
}

interface Call {
  readonly streaming: boolean;
  readonly signal: AbortSignal | undefined;
}

function checkedResponse(
  settings: WebSettings,
  response: Response,
  { streaming, signal }: Call,
): Response {
  const { baseUrl, protocol } = settings;
  const { body, headers, status, statusText } = response;
  // An error needs no answer of the right kind: its status says enough.
  if (body === null || !response.ok || headers.has("grpc-status")) return response;
  const type = headers.get("content-type") ?? "";
  if (!expectedType(protocol, streaming).test(type)) {
    throw webError(
      `Cannot call "${baseUrl}": server does not speak ${protocol} (it answered "${type}")`,
    );
  }
  const checked = checkedBody(body, checkFor(settings, streaming), { baseUrl, signal });
  return new Response(checked, { status, statusText, headers });
}

function expectedType(protocol: WebSettings["protocol"], streaming: boolean): RegExp {
  if (protocol === "grpc-web") return /^application\/grpc-web(?:\+proto)?\s*(?:;|$)/i;
  return streaming ? /^application\/connect\+proto\s*(?:;|$)/i : /^application\/proto\s*(?:;|$)/i;
}

function checkFor(settings: WebSettings, streaming: boolean): ResponseCheck {
  const { protocol, maxMessageBytes } = settings;
  if (protocol === "connect" && !streaming) return new LengthCheck(maxMessageBytes);
  return new EnvelopeCheck(maxMessageBytes, protocol === "connect" ? endStreamFlag : trailerFlag);
}

/** Only the Connect protocol tells; for the other it does not matter. */
function isStreaming(headers: HeadersInit | undefined): boolean {
  return /^application\/connect\+/.test(new Headers(headers).get("content-type") ?? "");
}
