import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { processSpec } from "../../src/oci/process-spec.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import type { Program, ProgramOptions } from "../../plugins/testing/mod.ts";
import { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import { Registry } from "../../src/registry.ts";
import {
  memory,
  type MemoryFiles,
  type MemoryHost,
  type MemoryOptions,
  type MemoryPrograms,
} from "../../plugins/memory/mod.ts";

/** The shim that the tests name; every one is served. */
export const SHIM = "io.containerd.runc.v2";

/** The files of this machine. */
export const nodeFiles: MemoryFiles = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
  },
  append: (path, bytes) => appendFile(path, bytes),
  async write(path, bytes) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  },
};

/** What the tests run beside the programs that every host has. */
export const testPrograms: MemoryPrograms = {
  exit: ({ args }) => Number(args[1]),
  async print(context) {
    await context.print(context.args[1] ?? "");
    await context.printError(context.args[2] ?? "");
    return 0;
  },
  async "tell-size"(context) {
    await context.readLine();
    const size = context.terminalSize();
    await context.print(`${size?.rows} ${size?.columns}\n`);
    return 0;
  },
  "not-executable": "not-executable",
};

/** The arguments of a program of the contract. */
function argsOf(program: Program): readonly string[] {
  switch (program.does) {
    case "exit":
      return ["exit", String(program.code)];
    case "run":
      return ["sleep", "infinity"];
    case "copy":
      return ["cat"];
    case "print":
      return ["print", program.stdout, program.stderr];
    case "tell-size":
      return ["tell-size"];
    case "not-exist":
      return ["/no/such/program"];
  }
}

/** A container that runs a program of the contract. */
export function programSpec(program: Program, options: ProgramOptions = {}): Spec {
  return commandSpec(argsOf(program), options);
}

/** A further process that runs a program of the contract. */
export function programProcess(program: Program, options: ProgramOptions = {}): Process {
  return processSpec({ ...options, args: argsOf(program) });
}

/** A container that runs a command. */
export function commandSpec(args: readonly string[], options: ProgramOptions = {}): Spec {
  return linuxSpec({ ...options, args, rootfs: "/rootfs" });
}

/** A client of a host. */
export function clientOf(
  host: MemoryHost,
  options: Pick<MemoryOptions, "id" | "drainBudgetMs"> & ClientOptions = {},
): Client {
  const { id, drainBudgetMs, ...clientOptions } = options;
  const fallback = memory({ host, id: id ?? "memory", drainBudgetMs });
  return new Client(new Registry({}, { fallback }), clientOptions);
}
