import { after, before } from "node:test";
import type { Client } from "../../../src/client.ts";
import { type Daemon, startDaemon } from "../../helpers/daemon.ts";
import { type Leftovers, NOTHING } from "./leftovers.ts";
import { openClient, RUNC } from "./open-client.ts";
import { RpcGate } from "./rpc-gate.ts";
import { sleeper } from "./specs.ts";

/** The id of the container that runs during the tests of a file. */
export const BOX = "box";

/** What is there while only {@linkcode BOX} is. */
export const onlyBox: Leftovers = { ...NOTHING, containers: [BOX], tasks: [BOX], bundles: [BOX] };

/** A daemon with one running container, and a client whose calls are seen. */
export interface Box {
  /** The daemon. */
  readonly daemon: Daemon;
  /** Sees the calls of the client. */
  readonly gate: RpcGate;
  /** The client that made the container. */
  readonly client: Client;
}

/** Brings a box up before the tests of the file that calls this, and down after them. */
export function useBox(): Box {
  let daemon: Daemon | undefined;
  let client: Client | undefined;
  const gate = new RpcGate();
  const up = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("Cannot use the box: it is not up");
    return part;
  };
  before(async () => {
    daemon = await startDaemon();
    client = openClient(daemon, { interceptors: [gate.interceptor] });
    await client.create(BOX, sleeper(), RUNC);
    await client.start(BOX);
  });
  after(async () => {
    await client?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });
  return {
    gate,
    get daemon() {
      return up(daemon);
    },
    get client() {
      return up(client);
    },
  };
}
