/** Cuts an input into lines. */
export class LineReader {
  readonly #read: () => Promise<Uint8Array | undefined>;
  readonly #decoder = new TextDecoder();
  #text = "";
  #isEnded = false;

  /** @param read Gives the next piece of the input, `undefined` at its end. */
  constructor(read: () => Promise<Uint8Array | undefined>) {
    this.#read = read;
  }

  /** The next line without its end; what stands after the last one is a line, too. */
  async next(): Promise<string | undefined> {
    while (true) {
      const end = this.#text.indexOf("\n");
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      if (this.#isEnded) {
        const rest = this.#text;
        this.#text = "";
        return rest === "" ? undefined : rest;
      }
      const chunk = await this.#read();
      this.#isEnded = chunk === undefined;
      this.#text += this.#decoder.decode(chunk, { stream: !this.#isEnded });
    }
  }
}
