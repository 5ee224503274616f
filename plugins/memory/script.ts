import { checkNames } from "../../src/check-options.ts";
import { invalidArgument, shown } from "../../src/errors.ts";
import { parseSignal } from "../../src/signals.ts";
import type { MemoryProgram, ProgramContext } from "./program.ts";

/** One step of a {@linkcode script}. */
export type ScriptStep =
  /** Prints a text. */
  | { readonly print: string }
  /** Prints a text as an error. */
  | { readonly printError: string }
  /** Waits, in milliseconds by the clock of the host. */
  | { readonly waitMs: number }
  /** Waits for a line of input; for a certain one, if it is a text. */
  | { readonly readLine: true | string }
  /** Copies the input to the output, to its end. */
  | { readonly copyInput: true }
  /** Waits for a signal, which then does nothing else. */
  | { readonly awaitSignal: number | string }
  /** Uses so much memory from now on, in bytes. */
  | { readonly useMemory: number }
  /** Ends the program with a code. */
  | { readonly exit: number };

type Run = (context: ProgramContext) => Promise<number | void>;

const isText = (value: unknown) => typeof value === "string";
const isCount = (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0;

/** What each step may be given, and what it does with it. */
const STEPS: Readonly<
  Record<string, readonly [(value: unknown) => boolean, (value: unknown) => Run]>
> = {
  print: [isText, (text) => (context) => context.print(String(text))],
  printError: [isText, (text) => (context) => context.printError(String(text))],
  waitMs: [
    (value) => typeof value === "number" && value >= 0,
    (durationMs) => (context) => context.sleep(Number(durationMs)),
  ],
  readLine: [
    (value) => value === true || isText(value),
    (wanted) => async (context) => {
      while (true) {
        const line = await context.readLine();
        if (line === undefined || wanted === true || line === wanted) return;
      }
    },
  ],
  copyInput: [
    (value) => value === true,
    () => async (context) => {
      const reader = context.stdin.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        await context.print(next.value);
      }
      reader.releaseLock();
    },
  ],
  awaitSignal: [isSignal, (signal) => (context) => signalled(context, String(signal))],
  useMemory: [isCount, (bytes) => (context) => {
    context.useMemory(Number(bytes));
    return Promise.resolve();
  }],
  exit: [
    (value) => isCount(value) && Number(value) <= 255,
    (code) => () => Promise.resolve(Number(code)),
  ],
};

/**
 * A program that does one thing after the other and ends with 0, or with what `exit` says. After a
 * checkpoint it continues with the step that it was at.
 *
 * @example
 * ```ts
 * const web = script([{ print: "listening\n" }, { awaitSignal: "TERM" }, { exit: 3 }]);
 * const host = new MemoryHost({ programs: { web } });
 * ```
 *
 * @throws {ContainerError} `invalid_argument` for a step that there is not.
 */
export function script(steps: readonly ScriptStep[]): Exclude<MemoryProgram, "not-executable"> {
  if (!Array.isArray(steps)) throw invalidArgument("steps", 'Cannot use "steps": not an array');
  const runs = steps.map((step: unknown, index) => runOf(step, `steps[${index}]`));
  return async (context) => {
    const { restored } = context;
    let at = typeof restored === "number" ? restored : 0;
    context.onCheckpoint(() => at);
    for (; at < runs.length; at++) {
      const code = await runs[at]?.(context);
      if (typeof code === "number") return code;
    }
    return 0;
  };
}

function runOf(step: unknown, field: string): Run {
  if (typeof step !== "object" || step === null) {
    throw invalidArgument(field, `Cannot use "${field}": not an object`);
  }
  const [entry, ...more] = Object.entries(step);
  if (entry === undefined || more.length > 0) {
    throw invalidArgument(field, `Cannot use "${field}": a step does one thing`);
  }
  checkNames(step, ...Object.keys(STEPS));
  const [name, value] = entry;
  const [isGood, make] = STEPS[name] ?? [];
  if (!isGood?.(value) || !make) {
    throw invalidArgument(`${field}.${name}`, `Cannot use "${field}.${name}": "${shown(value)}"`);
  }
  return make(value);
}

function isSignal(value: unknown): boolean {
  if (typeof value !== "string" && typeof value !== "number") return false;
  const number = parseSignal(value);
  return number !== 9 && number !== 19;
}

async function signalled(context: ProgramContext, signal: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(context.signal.reason);
  const forget = context.onSignal(signal, () => resolve());
  context.signal.addEventListener("abort", abort, { once: true });
  try {
    await promise;
  } finally {
    forget();
    context.signal.removeEventListener("abort", abort);
  }
}
