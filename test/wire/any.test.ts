import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { anyPack, AnySchema } from "@bufbuild/protobuf/wkt";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  packBare,
  packJson,
  packTyped,
  typeNameOf,
  unpack,
  unpackJson,
} from "../../plugins/containerd/any.ts";
import {
  CheckpointOptionsSchema,
  OptionsSchema,
} from "../../proto/gen/containerd/runc/v1/options_pb.ts";
import { isContainerError } from "../../src/errors.ts";

const options = create(OptionsSchema, { binaryName: "crun", systemdCgroup: true });

describe("packBare()", () => {
  it("writes the bare name of the type, also on the wire", () => {
    const any = packBare(OptionsSchema, options);
    assert.equal(any.typeUrl, "containerd.runc.v1.Options");
    const wire = fromBinary(AnySchema, toBinary(AnySchema, any));
    assert.equal(wire.typeUrl, "containerd.runc.v1.Options");
    assert.deepEqual(fromBinary(OptionsSchema, wire.value), options);
  });
});

describe("packJson()", () => {
  it("writes JSON under the given name, with every digit of a bigint", () => {
    const any = packJson("types.containerd.io/x/1/Spec", { limit: 2n ** 63n - 1n, name: "ä" });
    assert.equal(any.typeUrl, "types.containerd.io/x/1/Spec");
    assert.equal(
      new TextDecoder().decode(any.value),
      '{"limit":9223372036854775807,"name":"ä"}',
    );
  });
});

describe("packTyped()", () => {
  it("takes type.googleapis.com/ off and leaves other names and the value alone", () => {
    const value = Uint8Array.of(1, 2, 3);
    assert.deepEqual(
      packTyped({ typeUrl: "type.googleapis.com/a.B", value }),
      create(AnySchema, { typeUrl: "a.B", value }),
    );
    assert.equal(packTyped({ typeUrl: "example.com/a.B", value }).typeUrl, "example.com/a.B");
  });
});

describe("typeNameOf()", () => {
  it("takes off type.googleapis.com/ and nothing else", () => {
    const nameOf = (typeUrl: string) => typeNameOf({ typeUrl, value: new Uint8Array() });
    assert.equal(nameOf("type.googleapis.com/a.B"), "a.B");
    assert.equal(nameOf("a.B"), "a.B");
    assert.equal(nameOf("types.containerd.io/x/1/Spec"), "types.containerd.io/x/1/Spec");
    assert.equal(nameOf(""), "");
  });
});

describe("unpack()", () => {
  it("reads a value with a bare name and with a prefixed one", () => {
    assert.deepEqual(unpack(packBare(OptionsSchema, options), OptionsSchema), options);
    assert.deepEqual(unpack(anyPack(OptionsSchema, options), OptionsSchema), options);
  });

  it("answers undefined for a value of another type", () => {
    assert.equal(unpack(packBare(OptionsSchema, options), CheckpointOptionsSchema), undefined);
  });

  it("names the type of a value that is cut off", () => {
    const any = packBare(OptionsSchema, options);
    assert.throws(
      () => unpack({ typeUrl: any.typeUrl, value: any.value.subarray(0, 3) }, OptionsSchema),
      (error) =>
        isContainerError(error, "data_loss") && error.cause instanceof Error &&
        error.message === 'Cannot decode "containerd.runc.v1.Options": malformed value',
    );
  });
});

describe("unpackJson()", () => {
  it("reads what packJson() wrote, with a bigint where a number would round", () => {
    const value = { limit: 2n ** 64n - 1n, list: [1, null, "ä"] };
    assert.deepEqual(unpackJson(packJson("a", value)), value);
  });

  it("names the type of a value that is no JSON", () => {
    assert.throws(
      () => unpackJson({ typeUrl: "a.B", value: new TextEncoder().encode("{") }),
      (error) =>
        isContainerError(error, "data_loss") &&
        error.message === 'Cannot decode "a.B": malformed value',
    );
  });
});
