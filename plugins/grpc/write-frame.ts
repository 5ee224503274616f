import type { ClientHttp2Stream } from "node:http2";

/** Sends the only message of a request and ends the request. */
export function writeFrame(stream: ClientHttp2Stream, frame: Uint8Array): void {
  stream.end(frame);
}
