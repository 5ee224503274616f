/** Lets steps of one object take place one after the other, in the order in which they were asked for. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Takes a step when the ones before it, of the same object, are over, whatever became of them. */
  take<T>(object: string, step: () => Promise<T>): Promise<T> {
    const before = this.#last.get(object);
    const taken = before === undefined ? step() : before.then(step);
    const over = taken.then(() => {}, () => {}).finally(() => {
      if (this.#last.get(object) === over) this.#last.delete(object);
    });
    this.#last.set(object, over);
    return taken;
  }
}
