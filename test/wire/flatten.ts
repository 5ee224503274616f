import { create, type DescField, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { ScalarType } from "@bufbuild/protobuf";

/** The leaves of a value: path and content; the fields of a message are named as in its .proto. */
export type Leaves = Map<string, string>;

/** Makes messages in which no two leaves are equal, so that each can be followed to where it goes. */
export class DistinctMessages {
  #last = 1000;
  /** What was put where. */
  readonly leaves: Leaves = new Map();

  /** Fills every field but times, two items each in lists; of a oneof the given field. */
  make<Desc extends DescMessage>(schema: Desc, oneofField?: string): MessageShape<Desc> {
    const message = create(schema);
    this.#fill(reflect(schema, message), "", oneofField);
    return message;
  }

  #fill(message: ReflectMessage, path: string, oneofField: string | undefined): void {
    for (const field of message.fields) {
      if (field.oneof && field.name !== oneofField) continue;
      if (field.message?.typeName === "google.protobuf.Timestamp") continue;
      const at = `${path}${field.name}`;
      if (field.fieldKind === "list") {
        const list = message.get(field);
        for (const index of [0, 1]) list.add(this.#value(field, `${at}[${index}]`, oneofField));
      } else {
        message.set(field, this.#value(field, at, oneofField));
      }
    }
  }

  #value(field: DescField, at: string, oneofField: string | undefined): unknown {
    if (field.message) {
      const inner = reflect(field.message);
      this.#fill(inner, `${at}.`, oneofField);
      return inner;
    }
    // Multiples of 100, because nanoseconds become units of 100 ns.
    const value = (this.#last += 100);
    if (field.scalar === ScalarType.STRING) return this.#note(at, `s${value}`);
    if (field.scalar === ScalarType.BOOL) return true;
    if (field.scalar === ScalarType.UINT64) return this.#note(at, BigInt(value));
    return this.#note(at, value);
  }

  #note<Value>(at: string, value: Value): Value {
    this.leaves.set(at, `${value}`);
    return value;
  }
}

/** The leaves of a plain object; dates and booleans are left out. */
export function flatten(value: unknown, path = "", leaves: Leaves = new Map()): Leaves {
  if (value instanceof Date || typeof value === "boolean") return leaves;
  if (typeof value !== "object" || value === null) return leaves.set(path, `${value}`);
  for (const [key, item] of Object.entries(value)) {
    const at = Array.isArray(value) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
    flatten(item, at, leaves);
  }
  return leaves;
}
