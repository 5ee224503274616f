import type { Process as ProcessSpec } from "../../src/oci/spec.ts";
import { decodeJson, encodeJson } from "../../src/oci/encode.ts";
import type { Limits } from "./limits.ts";
import type { MemoryFiles } from "./files.ts";
import { Refusal } from "./refusal.ts";

/** What a checkpoint keeps of a task: its first process, with what its program saved. */
export interface Checkpoint {
  /** Tells what this is. */
  readonly format: typeof FORMAT;
  /** What the first process runs. */
  readonly process: ProcessSpec;
  /** The limits of the container. */
  readonly limits?: Limits | undefined;
  /** What the program saved. */
  readonly state?: unknown;
}

/** Tells checkpoints of this runtime from other files. */
export const FORMAT = "libcontainerd-memory-checkpoint-1";

const FILE = "checkpoint.json";

/** Keeps checkpoints by the names of their folders: in files, or where there are none in memory. */
export class Checkpoints {
  readonly #files: MemoryFiles | undefined;
  readonly #kept = new Map<string, Uint8Array>();

  /** @param files Where they are kept. */
  constructor(files: MemoryFiles | undefined) {
    this.#files = files;
  }

  /** Writes one. */
  async write(directory: string, checkpoint: Checkpoint): Promise<void> {
    const bytes = encodeJson(checkpoint);
    if (!this.#files) return void this.#kept.set(nameOf(directory), bytes);
    await this.#files.write(pathIn(directory), bytes);
  }

  /**
   * Reads one.
   *
   * @throws {Refusal} `not_found` if there is none, `invalid_argument` if it is something else.
   */
  async read(directory: string): Promise<Checkpoint> {
    const bytes = this.#files
      ? await this.#files.read(pathIn(directory))
      : this.#kept.get(nameOf(directory));
    if (bytes === undefined) throw new Refusal("not_found", `no checkpoint in "${directory}"`);
    const value = parsed(bytes);
    if (typeof value === "object" && value !== null && "format" in value) {
      if (value.format === FORMAT) return value as Checkpoint;
    }
    throw new Refusal("invalid_argument", `"${directory}" holds another kind of checkpoint`, {
      field: "checkpointDir",
    });
  }

  /** Forgets those that are kept in memory. */
  clear(): void {
    this.#kept.clear();
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return decodeJson(bytes);
  } catch {
    return undefined;
  }
}

function pathIn(directory: string): string {
  return `${nameOf(directory)}/${FILE}`;
}

function nameOf(directory: string): string {
  return directory.replace(/(?<=.)\/+$/, "");
}
