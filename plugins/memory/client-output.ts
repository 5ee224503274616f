import type { Pipe } from "./pipe.ts";
import type { OutputStream } from "../../src/stdio.ts";

/** An output of a process, as its client has it: it reads only what is asked for. */
export class ClientOutput {
  /** What the user reads from. */
  readonly stream: OutputStream;
  readonly #pipe: Pipe;
  #letGo: () => void = () => {};
  #isLetGo = false;

  /** @param pipe Where the process writes to. */
  constructor(pipe: Pipe) {
    this.#pipe = pipe;
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => this.#pull(controller),
      cancel: () => {
        // Whoever lets go of a process that runs on leaves its output to others.
        if (!this.#isLetGo) pipe.discard();
        this.#letGo();
      },
    }, { highWaterMark: 0 });
  }

  /** Where the process writes to. */
  get pipe(): Pipe {
    return this.#pipe;
  }

  /** Leaves what is not read to others; the stream ends. Idempotent. */
  letGo(): void {
    this.#isLetGo = true;
    this.#letGo();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>): Promise<void> {
    while (true) {
      const chunk = this.#isLetGo ? "end" : this.#pipe.take();
      if (chunk === "end") return controller.close();
      if (chunk !== "nothing") return controller.enqueue(chunk);
      await new Promise<void>((resolve) => {
        const forget = this.#pipe.onReadable(resolve);
        this.#letGo = () => {
          forget();
          resolve();
        };
      });
    }
  }
}
