import type { Runtime } from "./runtime.ts";

/** Takes down what a client does with its runtimes; `flightRecorder()` of `recorder` makes one. */
export interface RuntimeRecorder {
  /**
   * Called once for each runtime that a client has opened, before anybody uses it.
   *
   * @returns What is used in its place: a runtime that does the same, and all of whose handles do.
   */
  record(runtime: Runtime): Runtime;
}
