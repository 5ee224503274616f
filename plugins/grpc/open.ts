import type { CallOptions } from "../../src/runtime.ts";
import type { Rpc } from "../rpc/mod.ts";
import { connectSession } from "./connect.ts";
import { chooseDial } from "./dial.ts";
import { holding } from "./hold.ts";
import type { GrpcOptions } from "./mod.ts";
import { Routes } from "./routes.ts";
import { readSettings } from "./settings.ts";
import { createStream } from "./streams.ts";
import { createUnary } from "./unary.ts";
import { Watchdogs } from "./watchdog.ts";

/** Connects to a gRPC server; errors as for {@linkcode grpc}. */
export async function openGrpc(options: GrpcOptions, callOptions: CallOptions): Promise<Rpc> {
  const settings = readSettings(options);
  const dial = await chooseDial(options);
  const { address, authority } = dial;
  const { connectTimeoutMs, maxMessageBytes } = settings;
  const routes = new Routes(
    address,
    (attempt) => connectSession(dial, { connectTimeoutMs, ...attempt }),
  );
  await holding("foreground", routes.forRequest(0).get(callOptions.signal));
  const interceptors = options.interceptors ?? [];
  const shared = { routes, authority, interceptors, maxMessageBytes };
  return {
    transport: {
      unary: createUnary(shared),
      stream: createStream({ ...shared, watchdogs: new Watchdogs(address, settings) }),
    },
    [Symbol.asyncDispose]: () => routes.close(),
  };
}
