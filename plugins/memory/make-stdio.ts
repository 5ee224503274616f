import { invalidArgument } from "../../src/errors.ts";
import type { InputSource, OutputTarget } from "../../src/stdio.ts";
import type { MemoryFiles } from "./files.ts";
import { type HostOutput, nowhere, throughTerminal, toFile, toPipe } from "./host-output.ts";
import type { HostStdio } from "./host-process.ts";
import { Pipe } from "./pipe.ts";
import { wantsPipe } from "./client-streams.ts";
import { isStream, type StdioWish } from "./stdio-plan.ts";

/**
 * Makes the streams of a new process, as its machine has them; they are checked already.
 *
 * @throws {ContainerError} `invalid_argument` for a file to read from that is not there.
 */
export async function makeStdio(
  wish: StdioWish,
  files: MemoryFiles | undefined,
): Promise<HostStdio> {
  const { stdio: { stdin, stdout, stderr }, terminal } = wish;
  const input = needsFile(stdin) && files
    ? await fromFile(wish, stdin.file, files)
    : pipeFor(stdin);
  const out = outputFor(stdout, files);
  if (terminal) {
    const screen = throughTerminal(out);
    return { stdin: input, stdout: screen, stderr: screen };
  }
  const isShared = isStream(stdout) && stdout === stderr;
  return { stdin: input, stdout: out, stderr: isShared ? out : outputFor(stderr, files) };
}

function needsFile(
  option: InputSource | OutputTarget | undefined,
): option is { readonly file: string } {
  return typeof option === "object" && !isStream(option) && "file" in option;
}

function pipeFor(option: InputSource | undefined): Pipe | undefined {
  return wantsPipe(option) ? new Pipe() : undefined;
}

function outputFor(target: OutputTarget | undefined, files: MemoryFiles | undefined): HostOutput {
  if (wantsPipe(target)) return toPipe(new Pipe());
  return needsFile(target) && files ? toFile(files, target.file) : nowhere;
}

async function fromFile(
  { plugin, ref }: StdioWish,
  path: string,
  files: MemoryFiles,
): Promise<Pipe> {
  const bytes = await files.read(path);
  if (bytes === undefined) {
    const message = `Cannot use "${path}" as stdin: no such file`;
    throw invalidArgument("stdio.stdin", message, { plugin, ...ref });
  }
  const pipe = new Pipe();
  // What does not fit in at once waits, and is in it when it ends.
  pipe.write(bytes).catch(() => {}); // a process need not read it
  pipe.end();
  return pipe;
}
