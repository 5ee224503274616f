import { after, before } from "node:test";
import type { Client } from "../../../src/client.ts";
import { type Daemon, startDaemon } from "../../helpers/daemon.ts";
import { openClient, type OpenClientOptions } from "./open-client.ts";

/** A daemon of a test file, and a client of it. */
export interface OwnDaemon {
  /** The daemon. */
  readonly daemon: Daemon;
  /** The client. */
  readonly client: Client;
}

/** What {@linkcode useDaemon} takes. */
export interface UseDaemonOptions extends OpenClientOptions {
  /** Sets up what all tests of the file need. */
  readonly setUp?: (client: Client) => Promise<void>;
}

/** Brings a daemon up before the tests of the file that calls this, and down after them. */
export function useDaemon({ setUp, ...options }: UseDaemonOptions = {}): OwnDaemon {
  let daemon: Daemon | undefined;
  let client: Client | undefined;
  const up = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("Cannot use the daemon: it is not up");
    return part;
  };
  before(async () => {
    daemon = await startDaemon();
    client = openClient(daemon, options);
    await setUp?.(client);
  });
  after(async () => {
    await client?.[Symbol.asyncDispose]();
    await daemon?.stop();
  });
  return {
    get daemon() {
      return up(daemon);
    },
    get client() {
      return up(client);
    },
  };
}
