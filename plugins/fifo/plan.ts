import type { StdioOptions, StdioRequest } from "../../src/stdio.ts";
import { invalidArgument } from "../../src/errors.ts";
import { checkFile, checkUri, isStream, uriScheme } from "./targets.ts";

/** How one stream is served. */
export type StreamPlan =
  | { readonly kind: "none" }
  | { readonly kind: "fifo" }
  | { readonly kind: "path"; readonly path: string; readonly create: boolean };

/** How the streams of a process are served. */
export interface StdioPlan {
  /** Input. */
  readonly stdin: StreamPlan;
  /** Output. */
  readonly stdout: StreamPlan;
  /** Errors; `shared` is one FIFO with the output. */
  readonly stderr: StreamPlan | { readonly kind: "shared" };
}

const nullDevice: StreamPlan = { kind: "path", path: "/dev/null", create: false };
const none: StreamPlan = { kind: "none" };
const fifo: StreamPlan = { kind: "fifo" };

/**
 * Checks a description before anything is made from it, and decides how it is served.
 *
 * @throws {ContainerError} `invalid_argument`, with the field, for what cannot be served.
 */
export async function planStdio(request: StdioRequest): Promise<StdioPlan> {
  const { stdio, terminal } = request;
  checkKinds(stdio);
  checkCombination(stdio, terminal);
  const stdin = await planInput(stdio.stdin);
  let stdout = await planOutput(stdio.stdout, "stdout");
  let stderr: StdioPlan["stderr"] = await planOutput(stdio.stderr, "stderr");
  // Two pipes cannot be pumped into one sink; the shim mixes them in order through one.
  if (isStream(stdio.stdout) && stdio.stdout === stdio.stderr) stderr = { kind: "shared" };
  // The shim opens both or none: with one of them empty it fails, and with a file:// URI it ends.
  const isSilent = stdin.kind === "none" && stdout.kind === "none" && stderr.kind === "none";
  if (terminal || !isSilent) {
    if (stdout.kind === "none") stdout = nullDevice;
    if (stderr.kind === "none" && !terminal) stderr = nullDevice;
  }
  return { stdin, stdout, stderr };
}

/**
 * Checks what streams of a running process may be attached to.
 *
 * @throws {ContainerError} `invalid_argument`, with the field: its files and URIs are fixed.
 */
export function checkAttach(request: StdioRequest): void {
  checkKinds(request.stdio);
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    const target = request.stdio[name];
    if (typeof target !== "object" || isStream(target)) continue;
    throw invalidArgument(
      `stdio.${name}`,
      `Cannot attach to ${name} of process "${request.processId}": only "piped", "inherit" and streams can be attached`,
      { plugin: "fifo" },
    );
  }
  if (isStream(request.stdio.stdout) && request.stdio.stdout === request.stdio.stderr) {
    throw invalidArgument(
      "stdio.stderr",
      `Cannot attach to stderr of process "${request.processId}": its stream is that of stdout`,
      { plugin: "fifo" },
    );
  }
}

function checkKinds(stdio: StdioOptions): void {
  for (const name of ["stdin", "stdout", "stderr"] as const) {
    const target: unknown = stdio[name];
    const refuse = (state: string): never => {
      throw invalidArgument(`stdio.${name}`, `Cannot use ${name}: ${state}`, { plugin: "fifo" });
    };
    if (target === undefined || target === "null" || target === "piped" || target === "inherit") {
      continue;
    }
    if (typeof target !== "object" || target === null) {
      refuse(`"${String(target)}" is neither "null", "piped", "inherit", an object nor a stream`);
    } else if (target instanceof ReadableStream ? name !== "stdin" : false) {
      refuse("an output needs a WritableStream");
    } else if (target instanceof WritableStream && name === "stdin") {
      refuse("an input needs a ReadableStream");
    } else if (isStream(target)) {
      if (target.locked) refuse("stream is locked");
    } else if ("uri" in target && name !== "stdin") {
      if (typeof target.uri !== "string") refuse("URI is not a string");
    } else if (!("file" in target) || typeof target.file !== "string") {
      refuse(
        name === "stdin"
          ? "neither a ReadableStream nor { file }"
          : "neither a WritableStream, { file } nor { uri }",
      );
    }
  }
}

function checkCombination(stdio: StdioOptions, terminal: boolean): void {
  const refuse = (name: "stdin" | "stdout" | "stderr", state: string): never => {
    throw invalidArgument(`stdio.${name}`, `Cannot use ${name}: ${state}`, { plugin: "fifo" });
  };
  const hasErrors = stdio.stderr !== undefined && stdio.stderr !== "null";
  if (terminal && hasErrors) refuse("stderr", "process has a terminal, its errors are in stdout");
  const uri = uriScheme(stdio.stdout);
  if (uri !== undefined) {
    // The shim looks at stdout's URI only, and sends the errors the same way.
    const isSame = typeof stdio.stderr === "object" && "uri" in stdio.stderr &&
      typeof stdio.stdout === "object" && "uri" in stdio.stdout &&
      stdio.stderr.uri === stdio.stdout.uri;
    if (hasErrors && !isSame) refuse("stderr", "the URI of stdout takes the errors, too");
    if (terminal && uri === "file") {
      refuse("stdout", "a shim with a terminal takes no file:// URI, use a file");
    }
    if (!terminal && uri === "binary" && stdio.stdin !== undefined && stdio.stdin !== "null") {
      refuse("stdin", "a shim with a binary:// URI on stdout connects no input");
    }
  } else if (uriScheme(stdio.stderr) !== undefined) {
    refuse("stderr", "a shim takes a URI for stderr only with the same one for stdout");
  }
}

async function planInput(source: StdioOptions["stdin"]): Promise<StreamPlan> {
  if (source === undefined || source === "null") return none;
  if (typeof source === "string" || isStream(source)) return fifo;
  await checkFile(source.file, "stdin");
  return { kind: "path", path: source.file, create: false };
}

async function planOutput(
  target: StdioOptions["stdout"],
  name: "stdout" | "stderr",
): Promise<StreamPlan> {
  if (target === undefined || target === "null") return none;
  if (typeof target === "string" || isStream(target)) return fifo;
  if ("uri" in target) {
    return { kind: "path", path: checkUri(target.uri, name), create: false };
  }
  const create = await checkFile(target.file, name) === "missing";
  return { kind: "path", path: target.file, create };
}
