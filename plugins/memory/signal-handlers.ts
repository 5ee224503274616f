import { invalidArgument, shown } from "../../src/errors.ts";
import { parseSignal } from "../../src/signals.ts";

/** Ends a process, whatever it does. */
export const SIGKILL = 9;
/** Lets a stopped process go on. */
export const SIGCONT = 18;
/** Stops a process, whatever it does. */
export const SIGSTOP = 19;
/** The size of the terminal has changed. */
export const SIGWINCH = 28;

const CHLD = 17;
const URG = 23;
const IGNORED: readonly number[] = [CHLD, SIGCONT, URG, SIGWINCH];
const TSTP = 20;
const TTIN = 21;
const TTOU = 22;
const STOPPING: readonly number[] = [SIGSTOP, TSTP, TTIN, TTOU];

/** What a program does about signals. */
export class SignalHandlers {
  readonly #handlers = new Map<number, Set<(signal: number) => void>>();

  /**
   * Adds a handler; gives what takes it away.
   *
   * @throws {ContainerError} `invalid_argument` for what is no signal, or cannot be handled.
   */
  add(signal: number | string, handler: (signal: number) => void): () => void {
    const number = parseSignal(signal);
    if (number === SIGKILL || number === SIGSTOP) {
      throw invalidArgument(
        "signal",
        `Cannot handle signal "${shown(signal)}": it cannot be handled`,
      );
    }
    const handlers = this.#handlers.get(number) ?? new Set();
    this.#handlers.set(number, handlers.add(handler));
    return () => {
      handlers.delete(handler);
      if (handlers.size === 0) this.#handlers.delete(number);
    };
  }

  /** Hands a signal to the program; tells what is left to be done about it. */
  take(number: number): "nothing" | "end" | "stop" {
    const handlers = this.#handlers.get(number);
    if (handlers) {
      for (const handler of [...handlers]) handler(number);
      return "nothing";
    }
    if (IGNORED.includes(number)) return "nothing";
    return STOPPING.includes(number) ? "stop" : "end";
  }
}
