/**
 * Tells how far the jobs are: on a terminal a line for each that runs, drawn anew every half
 * second; elsewhere a line every 20 s. A line at the end of each job, in both.
 */
export class Progress {
  #running = new Map();
  #drawn = 0;
  #isTerminal = process.stdout.isTTY === true;
  #timer;

  /** Starts to draw. */
  start() {
    this.#timer = setInterval(() => this.#tick(), this.#isTerminal ? 500 : 20_000);
  }

  /** Shows a running job, or what it does now. */
  update(job, state) {
    const startedAt = this.#running.get(job)?.startedAt ?? Date.now();
    this.#running.set(job, { startedAt, state });
  }

  /** Takes a job away and prints its outcome. */
  finish(job, outcome, detail = "") {
    const startedAt = this.#running.get(job)?.startedAt ?? Date.now();
    this.#running.delete(job);
    this.print(`${outcome}  ${job}${detail}, ${secondsSince(startedAt)}`);
  }

  /** Prints above the lines of the running jobs. */
  print(text) {
    this.#erase();
    console.log(text);
  }

  /** Ends drawing. */
  stop() {
    clearInterval(this.#timer);
    this.#erase();
  }

  #lines() {
    return [...this.#running].map(([job, { startedAt, state }]) =>
      `  running ${job}: ${state}, ${secondsSince(startedAt)}`
    );
  }

  #tick() {
    this.#erase();
    const lines = this.#lines();
    if (this.#isTerminal) this.#drawn = lines.length;
    const width = process.stdout.columns ?? 100;
    for (const line of lines) console.log(this.#isTerminal ? line.slice(0, width - 1) : line);
  }

  #erase() {
    if (this.#drawn > 0) process.stdout.write(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }
}

function secondsSince(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
}
