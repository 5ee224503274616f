import { invalidArgument, shown } from "./errors.ts";

/** Names by number from 1 on, without `SIG`: those of Linux on x86, ARM, RISC-V, POWER and s390. */
const NAMES: readonly string[] =
  ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP " +
    "TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ");

const ALIASES: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29 };

/** The C library keeps 32 and 33 for itself. */
const RTMIN = 34;
const RTMAX = 64;

/**
 * Finds the number of a signal, as Linux on x86 and ARM has it.
 *
 * @param signal A number, in digits or not, or a name in any case, with or without `SIG`. Beside
 * 1 to 31 there are the real-time signals 34 (`SIGRTMIN`) to 64 (`SIGRTMAX`), by name as
 * `SIGRTMIN+3` or `SIGRTMAX-2`. 0, which asks whether a process exists, is refused.
 * @throws {ContainerError} `invalid_argument` if there is no such signal.
 * @see moby/sys signal/signal_linux.go
 */
export function parseSignal(signal: number | string): number {
  const number = typeof signal === "string" ? numberOf(signal) : signal;
  if (nameOf(number) === undefined) {
    throw invalidArgument("signal", `Cannot use signal "${shown(signal)}": no such signal`);
  }
  return number;
}

/**
 * Names a signal by its number, with `SIG`; the real-time ones from `SIGRTMIN` up to `SIGRTMIN+15`
 * and from `SIGRTMAX-14` up to `SIGRTMAX`, as shells do.
 *
 * @throws {ContainerError} `invalid_argument` if there is no such signal.
 */
export function signalName(signal: number): string {
  return `SIG${nameOf(parseSignal(signal))}`;
}

/** @returns NaN if there is no signal of that name. */
function numberOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const name = text.toUpperCase().replace(/^SIG/, "");
  const [, end, offset = "0"] = /^RTM(IN|AX)([+-]\d+)?$/.exec(name) ?? [];
  if (end !== undefined) {
    const number = (end === "IN" ? RTMIN : RTMAX) + Number(offset);
    return number < RTMIN ? NaN : number;
  }
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] ?? NaN : NAMES.indexOf(name) + 1;
}

function nameOf(number: number): string | undefined {
  if (!Number.isInteger(number) || number > RTMAX) return undefined;
  if (number < RTMIN) return NAMES[number - 1];
  const [base, sign, offset] = number < RTMIN + 16
    ? ["RTMIN", "+", number - RTMIN]
    : ["RTMAX", "-", RTMAX - number];
  return offset === 0 ? base : `${base}${sign}${offset}`;
}
