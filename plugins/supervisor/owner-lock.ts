import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { ContainerError } from "../../src/errors.ts";
import { systemCode } from "../fifo/system-error.ts";
import { fileError } from "./file-error.ts";
import { identify, isAlive, type ProcessIdentity } from "./process-table.ts";

const draftPrefix = "owner.";

/**
 * Makes sure that a folder has one owner. A crashed one does not block it.
 *
 * The lock is a folder with one file, whose name says who owns it. It is made elsewhere and renamed
 * into place, which the kernel refuses while the place is a folder that is not empty: so one of many
 * gets it, and it is never seen without its file. Who finds the file of a dead owner removes it by
 * its name, which no living owner's file ever has.
 */
export class OwnerLock {
  readonly #place: string;
  readonly #name: string;

  private constructor(place: string, name: string) {
    this.#place = place;
    this.#name = name;
  }

  /**
   * Takes the lock of a folder.
   *
   * @throws {ContainerError} `conflict` if a living process, also this one, has it.
   */
  static acquire(directory: string): OwnerLock {
    const place = `${directory}/owner`;
    const name = ownName();
    const draft = `${directory}/${draftPrefix}${name}`;
    try {
      mkdirSync(draft, { mode: 0o700 });
      writeFileSync(`${draft}/${name}`, "", { mode: 0o600 });
      while (!moved(draft, place, directory)) removeDead(directory, place);
      sweepDrafts(directory);
      return new OwnerLock(place, name);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      throw fileError(`Cannot own folder "${directory}"`, error);
    }
  }

  /** Whether this one has it; not if somebody has removed it. */
  get isHeld(): boolean {
    return existsSync(`${this.#place}/${this.#name}`);
  }

  /** Gives it back. Idempotent. */
  release(): void {
    try {
      rmSync(`${this.#place}/${this.#name}`, { force: true });
      rmdirSync(this.#place);
    } catch {
      // Somebody else has it already. What cannot be removed dies with this process.
    }
  }
}

function ownName(): string {
  const own = identify(process.pid);
  if (own === undefined) throw new Error("/proc does not have this process");
  return `${own.pid}+${own.startTicks}+${own.bootId}+${randomUUID()}`;
}

function ownerOf(name: string): ProcessIdentity | undefined {
  const [, pid, startTicks, bootId] = /^(\d+)\+(\d+)\+([^+]*)\+[^+]+$/.exec(name) ?? [];
  if (bootId === undefined) return undefined;
  return { pid: Number(pid), startTicks: Number(startTicks), bootId };
}

function moved(draft: string, place: string, directory: string): boolean {
  try {
    renameSync(draft, place);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST"].includes(systemCode(error))) return false;
    if (systemCode(error) !== "ENOTDIR") throw error;
    throw new ContainerError(
      "conflict",
      `Cannot own folder "${directory}": "${place}" is not a folder`,
      { plugin: "supervisor", cause: error },
    );
  }
}

function removeDead(directory: string, place: string): void {
  for (const name of list(place)) {
    const owner = ownerOf(name);
    if (owner === undefined || isAlive(owner)) {
      const state = owner === undefined
        ? `"${place}/${name}" names no owner`
        : `process ${owner.pid} does, which supervises its containerd`;
      throw new ContainerError("conflict", `Cannot own folder "${directory}": ${state}`, {
        plugin: "supervisor",
      });
    }
    rmSync(`${place}/${name}`, { force: true });
  }
}

/** Removes what those left that died while they tried. */
function sweepDrafts(directory: string): void {
  for (const name of list(directory).filter((each) => each.startsWith(draftPrefix))) {
    const owner = ownerOf(name.slice(draftPrefix.length));
    if (owner === undefined || isAlive(owner)) continue;
    rmSync(`${directory}/${name}`, { recursive: true, force: true });
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return []; // given back in between
    throw error;
  }
}
