import type { ProgramContext } from "../../memory/mod.ts";

type Act = (context: ProgramContext) => unknown;

/** The last signal, and those that no program can handle. */
const LAST_SIGNAL = 31;
const UNHANDLED: readonly number[] = [9, 19];

/** A process that does what was recorded, when the replay says so. */
export class Puppet {
  /** Its process id in the recording, once that is known. */
  recordedPid: number | undefined;
  readonly #acts: Act[] = [];
  readonly #ending = Promise.withResolvers<number>();
  #input: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #wake: () => void = () => {};
  #isEnding = false;
  #hasRun = false;

  /** Whether it was ever started. */
  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Whether it was told to end. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Its program: ends with the code that it is told. */
  async run(context: ProgramContext): Promise<number> {
    this.#hasRun = true;
    for (let signal = 1; signal <= LAST_SIGNAL; signal++) {
      // What a signal did is known from how the process ended.
      if (!UNHANDLED.includes(signal)) context.onSignal(signal, () => {});
    }
    const acting = this.#act(context);
    acting.catch(() => {}); // it was killed
    return await Promise.race([this.#ending.promise, acting]);
  }

  /** Writes to an output. */
  write(stream: "stdout" | "stderr", pieces: Iterable<Uint8Array>): void {
    this.#add(async (context) => {
      for (const piece of pieces) {
        await (stream === "stdout" ? context.print(piece) : context.printError(piece));
      }
    });
  }

  /** Reads so many bytes of its input. */
  read(bytes: number): void {
    this.#add(async (context) => {
      this.#input ??= context.stdin.getReader();
      for (let rest = bytes; rest > 0;) {
        const { done, value } = await this.#input.read();
        if (done) return;
        rest -= value.byteLength;
      }
    });
  }

  /** Resolves once it has done what it was told to; never if it does not run. */
  settled(): Promise<void> {
    return new Promise((resolve) => this.#add(() => resolve()));
  }

  /** Ends once it has written what it was told to. */
  exit(code: number, { holdOutput = false }: { readonly holdOutput?: boolean } = {}): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (holdOutput) this.#add((context) => void context.holdOutput());
    this.#add(() => this.#ending.resolve(code));
  }

  #add(act: Act): void {
    this.#acts.push(act);
    this.#wake();
  }

  async #act(context: ProgramContext): Promise<never> {
    while (true) {
      const act = this.#acts.shift();
      if (act) await act(context);
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
