import { join } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { ContainerError } from "../../src/errors.ts";
import type { Backend, FifoReader, FifoWriter } from "./backend.ts";
import { bunFileBackend } from "./backends/bun-file.ts";
import { catBackend } from "./backends/cat.ts";
import { pollBackend } from "./backends/poll.ts";
import { socketBackend } from "./backends/socket.ts";
import { type Descriptors, fileDescriptors, foreignDescriptors } from "./descriptors.ts";
import type { FifoFolders } from "./folder.ts";
import { Keeper } from "./keeper.ts";
import { type Libc, loadLibc } from "./libc.ts";
import { makeFifos } from "./mkfifo.ts";
import { bunNative, type DenoNative, denoNative } from "./natives.ts";
import type { FifoBackendName } from "./mod.ts";

/** What of this host serves FIFOs. */
export interface Host {
  /** Reads and writes them. */
  readonly backend: Backend;
  /** Opens them for keepers. */
  readonly descriptors: Descriptors;
  /** libc, where the host has foreign functions. */
  readonly libc: Libc | undefined;
}

/** What {@linkcode chooseHost} takes. */
export interface ChooseOptions {
  /** The one backend to use. Default: the first that works. */
  readonly backend?: FifoBackendName | undefined;
}

/** How long a byte may take through a FIFO before a backend is taken for one that does not work. */
const probeBudgetMs = 5_000;

/**
 * Finds the backend for this host: each candidate, the fastest first, has to carry a byte and an
 * end through a FIFO. A look at the runtime's name would not do, for what works depends on
 * permissions, too.
 *
 * @throws {ContainerError} `unimplemented` if none works.
 */
export async function chooseHost(
  folders: FifoFolders,
  options: ChooseOptions = {},
): Promise<Host> {
  const libc = await loadLibc();
  const deno: DenoNative | undefined = denoNative();
  // libc's own where node:fs would ask for further permissions, and sockets for foreign ones.
  const descriptors = libc !== undefined && deno !== undefined
    ? foreignDescriptors(libc)
    : fileDescriptors;
  const failures: unknown[] = [];
  const folder = folders.make();
  try {
    const path = join(folder.path, "probe");
    await makeFifos([path], libc);
    folder.add(path);
    for (const backend of candidates(libc)) {
      if (options.backend !== undefined && options.backend !== backend.name) continue;
      try {
        await probe(backend, descriptors, path);
        return { backend, descriptors, libc };
      } catch (error) {
        failures.push(error);
      }
    }
  } finally {
    folder.remove();
  }
  throw new ContainerError(
    "unimplemented",
    `Cannot use FIFOs with backend "${options.backend ?? "any"}": not available on this host`,
    { plugin: "fifo", cause: new AggregateError(failures) },
  );
}

function candidates(libc: Libc | undefined): readonly Backend[] {
  const bun = bunNative();
  return [
    ...(bun === undefined ? [] : [bunFileBackend(bun)]),
    ...(libc === undefined ? [] : [socketBackend("ffi-socket", foreignDescriptors(libc))]),
    socketBackend("socket", fileDescriptors),
    catBackend,
    pollBackend,
  ];
}

async function probe(backend: Backend, descriptors: Descriptors, path: string): Promise<void> {
  const keeper = new Keeper(descriptors, path);
  let reader: FifoReader | undefined;
  let writer: FifoWriter | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    let count = 0;
    const ended = new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`${backend.name}: no answer`)), probeBudgetMs);
      reader = backend.openReader(path, {
        data: (chunk) => {
          count += chunk.byteLength;
          return "more";
        },
        end: (error) => error === undefined ? resolve() : reject(error),
      });
    });
    // Awaited last; it may fail before.
    ended.catch(() => {});
    reader?.keepAlive("needed");
    reader?.resume();
    writer = backend.openWriter(path);
    await Promise.race([writer.write(new Uint8Array(1)), ended]);
    await Promise.race([writer.close(), ended]);
    keeper.close();
    await ended;
    if (count !== 1) throw new Error(`${backend.name}: ${count} bytes instead of 1`);
  } finally {
    clearTimeout(timer);
    keeper.close();
    await writer?.destroy();
    await reader?.close();
  }
}
