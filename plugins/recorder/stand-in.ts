/** Gives what is found in place of a member of an object. */
export type Replace = (value: unknown) => unknown;

/** Calls a function of the real object, whatever it is called on. */
type Callable = (this: unknown, ...args: readonly unknown[]) => unknown;

/** What Node, Deno and Bun call on what `console.log` is given. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * Stands in for an object: some of its members are replaced, and the others are those of the object,
 * whose methods are called on it, so that private fields are found.
 *
 * It is a proxy of an empty object of the same class and not of the object: a frozen one would not
 * let its members be replaced.
 *
 * @param replace What is put in place of each member, given that one; asked again when it changes.
 */
export function standIn<T extends object>(
  real: T,
  replace: ReadonlyMap<PropertyKey, Replace>,
): T {
  const found = new Map<PropertyKey, { readonly value: unknown; readonly shown: unknown }>();
  const get = (key: PropertyKey): unknown => {
    const value: unknown = Reflect.get(real, key, real);
    const before = found.get(key);
    if (before && before.value === value) return before.shown;
    const shown = value === undefined ? value : shownFor(key, value);
    if (typeof shown === "function" || replace.has(key)) found.set(key, { value, shown });
    return shown;
  };
  const shownFor = (key: PropertyKey, value: unknown): unknown => {
    const other = replace.get(key);
    if (other) return other(value);
    if (typeof value !== "function" || key === "constructor") return value;
    return (...args: readonly unknown[]) => Reflect.apply(value, real, args);
  };
  // What prints a proxy looks at the object behind it.
  const behind = Object.create(Object.getPrototypeOf(real), {
    [inspect]: {
      configurable: true,
      value: (...args: readonly unknown[]) => {
        const print: unknown = Reflect.get(real, inspect, real);
        return typeof print === "function" ? Reflect.apply(print as Callable, real, args) : real;
      },
    },
  });
  return new Proxy<T>(behind, {
    get: (_, key) => get(key),
    set: (_, key, value) => Reflect.set(real, key, value, real),
    has: (_, key) => Reflect.has(real, key),
    getPrototypeOf: () => Reflect.getPrototypeOf(real),
    ownKeys: () => Reflect.ownKeys(real),
    getOwnPropertyDescriptor: (_, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(real, key);
      if (descriptor === undefined) return undefined;
      const { enumerable = false } = descriptor;
      return { configurable: true, enumerable, writable: true, value: get(key) };
    },
    defineProperty: (_, key, descriptor) => Reflect.defineProperty(real, key, descriptor),
    deleteProperty: (_, key) => Reflect.deleteProperty(real, key),
  });
}
