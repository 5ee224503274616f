import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { afterEach, beforeEach } from "node:test";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import {
  type StateChange,
  supervise,
  type SupervisedDaemon,
  type SuperviseOptions,
} from "../../../plugins/supervisor/mod.ts";
import { Client } from "../../../src/client.ts";
import { Registry } from "../../../src/registry.ts";
import { containerdDir, containerdVersion, found, runcDir } from "../../helpers/cache.ts";
import { makeHome, namespaceOf, removeHomeSync } from "../../helpers/daemon-home.ts";
import { findByArguments } from "../../helpers/processes.ts";

const homes = new Set<string>();

process.on("exit", () => {
  for (const home of homes) removeHomeSync(home);
});

/** The environment that a daemon of the tests needs: where containerd, its shims and runc are. */
export function daemonEnv(): Record<string, string> {
  const path = [containerdDir(containerdVersion), found(runcDir), process.env["PATH"] ?? ""];
  return { PATH: path.join(":") };
}

/** A folder for a supervised daemon, with the clean-up of whatever comes to be there. */
export class SupervisorBed {
  /** The folder. */
  readonly home: string = makeHome();
  /** A namespace that no other daemon has. */
  readonly namespace: string = namespaceOf(this.home);
  /** Every change of state that its daemons have told. */
  readonly changes: StateChange[] = [];
  readonly #daemons = new Set<SupervisedDaemon>();
  readonly #clients = new Set<Client>();

  constructor() {
    homes.add(this.home);
  }

  /** The names of the states that were told. */
  get states(): readonly string[] {
    return this.changes.map(({ state }) => state);
  }

  /** The options of its daemons. */
  options(options: SuperviseOptions = {}): SuperviseOptions {
    return {
      directory: this.home,
      env: daemonEnv(),
      startBudgetMs: 60_000,
      onState: (change) => this.changes.push(change),
      ...options,
    };
  }

  /** Starts a daemon, or takes one over, in the folder. */
  async supervise(options: SuperviseOptions = {}): Promise<SupervisedDaemon> {
    const daemon = await supervise(this.options(options));
    this.#daemons.add(daemon);
    return daemon;
  }

  /** A client of a daemon. */
  client(daemon: SupervisedDaemon): Client {
    const fallback = containerd({
      rpc: grpc({ address: daemon.address }),
      stdio: fifo({ directory: `${this.home}/fifo` }),
      namespace: this.namespace,
    });
    return this.own(new Client(new Registry({}, { fallback })));
  }

  /** Disposes a client when the folder is removed. */
  own(client: Client): Client {
    this.#clients.add(client);
    return client;
  }

  /** Writes a shell script that stands for containerd; `$REAL` in it is the real one. */
  script(text: string): string {
    const folder = `${this.home}/bin`;
    mkdirSync(folder, { recursive: true });
    const path = `${folder}/containerd`;
    const real = `REAL=${containerdDir(containerdVersion)}/containerd`;
    const version = 'if [ "$1" = --version ]; then exec "$REAL" --version; fi';
    writeFileSync(path, `#!/bin/sh\n${real}\n${version}\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** The daemons that run in the folder, as their command lines say. */
  daemonPids(): readonly number[] {
    return findByArguments("--config", `${this.home}/config.toml`);
  }

  /** Ends everything that is there, and removes the folder. */
  async remove(): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    for (const daemon of this.#daemons) await daemon.stop({ budgetMs: 0 });
    removeHomeSync(this.home);
    homes.delete(this.home);
  }
}

/** Gives each test of the file that calls this a folder of its own. */
export function useSupervisorBed(give: (bed: SupervisorBed) => void): void {
  let bed: SupervisorBed | undefined;
  beforeEach(() => {
    bed = new SupervisorBed();
    give(bed);
  });
  afterEach(async () => {
    await bed?.remove();
  });
}
