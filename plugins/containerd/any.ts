import {
  create,
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { ContainerError } from "../../src/errors.ts";
import { decodeJson, encodeJson } from "../../src/oci/encode.ts";
import type { TypedValue } from "../../src/runtime.ts";

/** Put before type names by protobuf libraries other than containerd's. */
const prefix = "type.googleapis.com/";

/**
 * Packs a message under its bare type name. `anyPack()` of `@bufbuild/protobuf` puts
 * `type.googleapis.com/` before it, and containerd 1.6 looks the name up as it is: it then answers
 * that there is no such type.
 */
export function packBare<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): Any {
  return create(AnySchema, { typeUrl: schema.typeName, value: toBinary(schema, message) });
}

/**
 * Packs a value as JSON, as containerd does with types that are no protobuf messages; a `bigint` is
 * written with every digit.
 *
 * @param typeUrl Name of the type: `types.containerd.io/opencontainers/runtime-spec/1/Spec`.
 */
export function packJson(typeUrl: string, value: unknown): Any {
  return create(AnySchema, { typeUrl, value: encodeJson(value) });
}

/** Packs a value that is encoded already, under the bare name of its type. */
export function packTyped(typed: TypedValue): Any {
  return create(AnySchema, { typeUrl: typeNameOf(typed), value: typed.value });
}

/** The name of the type of a packed value, without `type.googleapis.com/`. */
export function typeNameOf(any: TypedValue): string {
  return any.typeUrl.startsWith(prefix) ? any.typeUrl.slice(prefix.length) : any.typeUrl;
}

/**
 * Unpacks a message.
 *
 * @returns The message, or `undefined` if the value is of another type.
 * @throws {ContainerError} `data_loss` if the value cannot be decoded.
 */
export function unpack<Desc extends DescMessage>(
  any: TypedValue,
  schema: Desc,
): MessageShape<Desc> | undefined {
  if (typeNameOf(any) !== schema.typeName) return undefined;
  return decoding(any, () => fromBinary(schema, any.value));
}

/**
 * Unpacks a value that was packed as JSON; an integer that a `number` would round is a `bigint`.
 *
 * @throws {ContainerError} `data_loss` if the value cannot be decoded.
 */
export function unpackJson(any: TypedValue): unknown {
  return decoding(any, () => decodeJson(any.value));
}

function decoding<Result>(any: TypedValue, decode: () => Result): Result {
  try {
    return decode();
  } catch (cause) {
    throw new ContainerError("data_loss", `Cannot decode "${typeNameOf(any)}": malformed value`, {
      plugin: "containerd",
      cause,
    });
  }
}
