/** What a process under test does; each runtime's binding makes a spec of it. */
export type Program =
  /** Ends at once with a code. */
  | { readonly does: "exit"; readonly code: number }
  /** Runs until it is killed. */
  | { readonly does: "run" }
  /** Copies its input to its output and ends with 0 at the end of the input. */
  | { readonly does: "copy" }
  /** Prints both texts and ends with 0. */
  | { readonly does: "print"; readonly stdout: string; readonly stderr: string }
  /** Waits for a line of input, prints the size of its terminal as `rows columns`, ends with 0. */
  | { readonly does: "tell-size" }
  /** Cannot be started: there is no such executable. */
  | { readonly does: "not-exist" };

/** How a process is set up. */
export interface ProgramOptions {
  /** Whether it has a terminal. Default: false. */
  readonly terminal?: boolean;
}
