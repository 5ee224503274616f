import { checkCall } from "../../src/check-options.ts";
import type { ExitStatus } from "../../src/exit-status.ts";
import type { ContainerChanges, CreateRequest, ProcessSpec } from "../../src/runtime.ts";
import type { StdioOptions } from "../../src/stdio.ts";
import type { RecordedMethod } from "./methods.ts";
import type { RecordedObject, RecordedValue } from "./recording.ts";
import { sizeOf } from "./ring.ts";

/** What stands for what may be secret. */
const REDACTED = "redacted";

/** What stands for options that are none: whom they are for refuses them. */
export const UNREADABLE = "unreadable";

/** How much memory what a call was given may take, before it is shortened, in bytes. */
const MOST_BYTES = 65_536;
/** To so many characters a text, and so many items a list. */
const MOST_CHARACTERS = 256;
const MOST_ITEMS = 64;

type Arguments = readonly unknown[];

/** How {@linkcode recordedArguments} reads them. */
export interface ReadArgumentsOptions {
  /** Whether what may be secret is taken down. */
  readonly contents: boolean;
  /** Which of them has the options. */
  readonly optionsAt: number;
}

/** What a call was given, without what may be secret unless contents are asked for. */
export function recordedArguments(
  method: RecordedMethod,
  args: Arguments,
  { contents, optionsAt }: ReadArgumentsOptions,
): RecordedObject {
  const describe = DESCRIPTIONS[method];
  const options: RecordedObject = isReadable(args[optionsAt]) ? {} : { options: UNREADABLE };
  try {
    return describe
      ? { ...fitting(withoutMissing(describe(args, contents))), ...options }
      : options;
  } catch {
    // Bad input is refused by whom it is for; a recorder must not be the one who stumbles.
    return { unreadable: true, ...options };
  }
}

/** What one call was given must not take the room of all that was before. */
function fitting(given: RecordedObject): RecordedObject {
  if (sizeOf(given) <= MOST_BYTES) return given;
  const short = withoutMissing(shortened(given) as RecordedObject);
  return sizeOf(short) <= MOST_BYTES ? short : { tooLarge: true };
}

/** A value with the beginnings of its texts and lists. */
function shortened(value: RecordedValue): RecordedValue {
  if (typeof value === "string") {
    return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, MOST_ITEMS).map(shortened);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shortened(each)]));
}

/** Whether a runtime takes options for some. */
function isReadable(options: unknown): boolean {
  try {
    if (options !== undefined) checkCall(options as object);
    return true;
  } catch {
    return false;
  }
}

const DESCRIPTIONS: Readonly<
  Partial<Record<RecordedMethod, (args: Arguments, contents: boolean) => Record<string, unknown>>>
> = {
  "runtime.createContainer": ([request], contents) => {
    const { spec, shim, labels, image, snapshot, extensions, replace, runtimeOptions } =
      request as CreateRequest;
    return {
      shim,
      process: spec.process && processOf(spec.process, contents),
      labels,
      image,
      snapshot,
      extensions: extensions && Object.keys(extensions),
      replace,
      runtimeOptions: runtimeOptions === undefined || contents ? runtimeOptions : REDACTED,
    };
  },
  "runtime.listContainers": ([options]) => fieldsOf(options, "filters"),
  "container.update": ([changes]) => {
    const { labels, extensions } = changes as ContainerChanges;
    return { labels, extensions: extensions && Object.keys(extensions) };
  },
  "container.newTask": ([options]) => ({
    stdio: stdioOf(options),
    ...fieldsOf(options, "checkpointDir"),
  }),
  "container.task": ([options]) => ({ stdio: stdioOf(options), ...fieldsOf(options, "force") }),
  "process.kill": ([signal, options]) => ({ signal, ...fieldsOf(options, "all") }),
  "process.resize": ([size]) => fieldsOf(size, "columns", "rows"),
  "process.delete": ([options]) => fieldsOf(options, "force"),
  "task.exec": ([, process, options], contents) => ({
    process: processOf(process as ProcessSpec, contents),
    stdio: stdioOf(options),
  }),
  "task.loadProcess": ([, options]) => ({ stdio: stdioOf(options) }),
  "task.updateResources": ([resources]) => ({ resources }),
  "task.createCheckpoint": ([directory, options]) => ({ directory, ...fieldsOf(options, "exit") }),
};

/** How a process ended, with dates as ISO texts. */
export function recordedStatus(status: ExitStatus): RecordedObject {
  return withoutMissing({ ...status });
}

/** An object in terms of JSON: dates as ISO texts, numbers beyond 2^53 as texts, nothing missing. */
export function withoutMissing(value: Readonly<Record<string, unknown>>): RecordedObject {
  const entries = Object.entries(value).flatMap(([name, member]) => {
    const recorded = recordedValue(member);
    return recorded === undefined ? [] : [[name, recorded] as const];
  });
  return Object.fromEntries(entries);
}

function recordedValue(value: unknown): RecordedValue | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return isNaN(value.getTime()) ? null : value.toISOString();
      if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
      if (Array.isArray(value)) return value.map((each) => recordedValue(each) ?? null);
      return withoutMissing(value as Record<string, unknown>);
    default:
      return undefined;
  }
}

function processOf(
  { args, cwd, terminal, env }: ProcessSpec,
  contents: boolean,
): Record<string, unknown> {
  return {
    args,
    cwd,
    terminal,
    env: contents || env === undefined ? env : `${env.length} ${REDACTED}`,
  };
}

function fieldsOf<const Name extends string>(
  options: unknown,
  ...names: readonly Name[]
): Partial<Record<Name, object>> {
  const members = (options ?? {}) as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, members[name]])) as Partial<
    Record<Name, object>
  >;
}

/** Where streams go, by kind: a path may be read by others, a stream cannot be told. */
function stdioOf(options: unknown): Record<string, unknown> | undefined {
  const { stdio } = fieldsOf(options, "stdio") as { readonly stdio?: StdioOptions };
  if (stdio === undefined) return undefined;
  return { stdin: kindOf(stdio.stdin), stdout: kindOf(stdio.stdout), stderr: kindOf(stdio.stderr) };
}

function kindOf(target: unknown): string | undefined {
  if (target === undefined || typeof target === "string") return target;
  const isNamed = (name: string) => typeof target === "object" && target !== null && name in target;
  return isNamed("file") ? "file" : isNamed("uri") ? "uri" : "stream";
}
