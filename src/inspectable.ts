/** What Node, Deno and Bun call on what `console.log` is given. */
const inspect = Symbol.for("nodejs.util.inspect.custom");

/**
 * Lets `console.log` show the objects of a class by what they stand for, as `Name { id: "web" }`, in
 * place of how they are made.
 *
 * @param name What the class is called in it.
 * @param show Gives what is shown; what is `undefined` is left out.
 */
export function inspectable<T extends object>(
  type: { readonly prototype: T },
  name: string,
  show: (object: T) => object,
): void {
  const value = function (this: T): string {
    const fields = Object.entries(show(this)).filter(([, field]) => field !== undefined);
    return `${name} { ${
      fields.map(([key, field]) => `${key}: ${JSON.stringify(field)}`).join(", ")
    } }`;
  };
  Object.defineProperty(type.prototype, inspect, { value });
}
