import { type Leftovers, NOTHING } from "./leftovers.ts";
import { RUNC } from "./open-client.ts";
import { type OwnDaemon, useDaemon } from "./own-daemon.ts";
import { RpcGate } from "./rpc-gate.ts";
import { sleeper } from "./specs.ts";

/** The id of the container that runs during the tests of a file. */
export const BOX = "box";

/** What is there while only {@linkcode BOX} is. */
export const onlyBox: Leftovers = { ...NOTHING, containers: [BOX], tasks: [BOX], bundles: [BOX] };

/** A daemon with one running container, and a client whose calls are seen. */
export interface Box extends OwnDaemon {
  /** Sees the calls of the client. */
  readonly gate: RpcGate;
}

/** Brings a box up before the tests of the file that calls this, and down after them. */
export function useBox(): Box {
  const gate = new RpcGate();
  const own = useDaemon({
    interceptors: [gate.interceptor],
    setUp: async (client) => {
      await client.create(BOX, sleeper(), RUNC);
      await client.start(BOX);
    },
  });
  return {
    gate,
    get daemon() {
      return own.daemon;
    },
    get client() {
      return own.client;
    },
  };
}
