/** Lets steps of one object take place one after the other, in the order in which they were asked for. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * Takes a step when the ones before it, of the same object, are over, whatever became of them.
   *
   * @param mayOverlap Asked only if there are steps to wait for; if it says so, the step does not
   * wait for them. Default: it waits. Must not reject.
   */
  take<T>(
    object: string,
    step: () => Promise<T>,
    mayOverlap: () => Promise<boolean> = () => Promise.resolve(false),
  ): Promise<T> {
    const before = this.#last.get(object);
    const taken = before === undefined
      ? step()
      : mayOverlap().then((may) => may || before).then(step);
    const over = Promise.allSettled([before, taken]).finally(() => {
      if (this.#last.get(object) === over) this.#last.delete(object);
    });
    this.#last.set(object, over);
    return taken;
  }
}
