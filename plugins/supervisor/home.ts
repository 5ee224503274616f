import { chmodSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { ContainerError } from "../../src/errors.ts";
import { systemCode } from "../fifo/system-error.ts";
import { assertSafeFolder } from "./safe-folder.ts";
import type { DaemonConfig } from "./config.ts";
import { fileError } from "./file-error.ts";
import { type Settings, socketName } from "./settings.ts";
import { writePrivate } from "./write-private.ts";

/** The folders and files of a daemon. */
export class Home {
  /** The folder that all of it is in, but for {@linkcode Home.root}. */
  readonly directory: string;
  /** What the daemon keeps for good. */
  readonly root: string;
  /** What the daemon keeps while containers run. */
  readonly state: string;
  /** The socket of its API. */
  readonly socket: string;
  /** The socket that its shims tell events on. Its path is short: it has the limit of all sockets. */
  readonly shimSocket: string;
  /** The configuration that it is started with. */
  readonly configFile: string;
  /** The configuration that this imports. */
  readonly ownConfigFile: string;
  /** What says which process it is. */
  readonly pidFile: string;
  /** What it writes. */
  readonly logFile: string;
  /** The stack traces of the last one that hung. */
  readonly stackFile: string;

  /** Names them, and makes nothing. */
  constructor({ directory, rootDirectory }: Settings) {
    this.directory = directory;
    this.root = rootDirectory;
    this.state = `${directory}/state`;
    this.socket = `${directory}/${socketName}`;
    this.shimSocket = `${directory}/shims.sock`;
    this.configFile = `${directory}/config.toml`;
    this.ownConfigFile = `${directory}/supervisor.toml`;
    this.pidFile = `${directory}/containerd.pid`;
    this.logFile = `${directory}/containerd.log`;
    this.stackFile = `${directory}/containerd.stacks.log`;
  }

  /**
   * Makes the folders, mode 0700.
   *
   * @throws {ContainerError} `permission_denied` if somebody else could put files into them, or
   * others in their place.
   */
  make(): void {
    for (const folder of [this.directory, this.root]) {
      try {
        const parent = dirname(folder);
        assertSafeFolder(parent); // nothing is made where others would lead
        // Others' folders are in the first one, too, such as those of streams, so it is passable.
        mkdirSync(parent, { recursive: true, mode: 0o711 });
        assertSafeFolder(parent);
        makePrivate(folder);
      } catch (error) {
        throw fileError(`Cannot make folder "${folder}"`, error);
      }
    }
  }

  /** Whether the files are those of this configuration. */
  hasConfig({ main, own }: DaemonConfig): boolean {
    return readOrUndefined(this.configFile) === main &&
      readOrUndefined(this.ownConfigFile) === own;
  }

  /** Writes the configuration. */
  writeConfig({ main, own }: DaemonConfig): void {
    writePrivate(this.ownConfigFile, own);
    writePrivate(this.configFile, main);
  }

  /** Removes what says that a daemon runs. */
  removeTraces(): void {
    for (const path of [this.pidFile, this.socket, this.shimSocket]) {
      try {
        rmSync(path, { force: true });
      } catch (error) {
        throw fileError(`Cannot remove "${path}"`, error);
      }
    }
  }
}

function makePrivate(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
    chmodSync(folder, 0o700); // whatever the umask
    return;
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
  const { uid, mode } = lstatSync(folder);
  const own = process.geteuid?.();
  if ((own === undefined || uid === own) && (mode & 0o170022) === 0o040000) return;
  throw new ContainerError(
    "permission_denied",
    `Cannot use folder "${folder}": must be a folder of this user that nobody else can write to`,
    { plugin: "supervisor" },
  );
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw fileError(`Cannot read "${path}"`, error);
  }
}
