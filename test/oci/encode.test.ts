import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { decodeJson, decodeSpec, encodeJson, encodeSpec } from "../../src/oci/encode.ts";
import type { Spec } from "../../src/oci/spec.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

describe("encodeJson()", () => {
  for (
    const [value, json] of [
      [18446744073709551615n, "18446744073709551615"],
      [-9223372036854775808n, "-9223372036854775808"],
      [0n, "0"],
      [2 ** 53 - 1, "9007199254740991"],
      // JSON.stringify() writes 1152921504606847000 here, which is another number.
      [2 ** 60, "1152921504606846976"],
      [2 ** 70, "1180591620717411303424"],
      [-(2 ** 63), "-9223372036854775808"],
      [1.5, "1.5"],
      [{ a: [1n, { b: 2n ** 63n }] }, '{"a":[1,{"b":9223372036854775808}]}'],
      ["5n", '"5n"'],
      ["12345678901234567890", '"12345678901234567890"'],
      [{ a: undefined, b: null }, '{"b":null}'],
      ["ä\u0000", '"ä\\u0000"'],
    ] as const
  ) {
    it(`writes ${json}`, () => assert.equal(text(encodeJson(value)), json));
  }
});

describe("decodeJson()", () => {
  for (
    const [json, value] of [
      ["18446744073709551615", 18446744073709551615n],
      ["-9223372036854775808", -9223372036854775808n],
      ["9007199254740991", 9007199254740991],
      ["9007199254740992", 9007199254740992n],
      ["-9007199254740991", -9007199254740991],
      ["1234567890123456", 1234567890123456],
      ["1e21", 1e21],
      ["1234567890123456789.5", 1234567890123456789.5],
      ["12345678901234567e3", 12345678901234567e3],
      ['"12345678901234567890"', "12345678901234567890"],
      ['{"a":[1,12345678901234567890,"x"]}', { a: [1, 12345678901234567890n, "x"] }],
      ['{"12345678901234567890":1}', { "12345678901234567890": 1 }],
      ["null", null],
    ] as const
  ) {
    it(`reads ${json}`, () => assert.deepEqual(decodeJson(bytes(json)), value));
  }

  for (
    const [what, input] of [
      ["nothing", bytes("")],
      ["half an object", bytes('{"a":')],
      ["half an object with a long integer", bytes('{"a":12345678901234567890')],
      ["bytes that are not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ] as const
  ) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => decodeJson(input),
        (error) => isContainerError(error, "invalid_argument") && error.cause !== undefined,
      );
    });
  }
});

describe("encodeSpec() and decodeSpec()", () => {
  const spec: Spec = {
    ociVersion: "1.3.0",
    process: {
      args: ["sh"],
      cwd: "/",
      rlimits: [{ type: "RLIMIT_CORE", hard: 18446744073709551615n, soft: 0 }],
    },
    linux: {
      resources: { memory: { limit: 9223372036854775807n, swap: -1 }, cpu: { shares: 2 } },
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [{
          names: ["clone"],
          action: "SCMP_ACT_ERRNO",
          args: [{ index: 0, value: 2114060288n, valueTwo: 2n ** 64n - 2n, op: "SCMP_CMP_EQ" }],
        }],
      },
    },
  };

  it("keep every digit over a round trip", () => {
    const once = encodeSpec(spec);
    assert.match(text(once), /"hard":18446744073709551615,/);
    assert.match(text(once), /"limit":9223372036854775807,/);
    const back = decodeSpec(once);
    assert.equal(back.process?.rlimits?.[0]?.hard, 18446744073709551615n);
    assert.equal(back.linux?.resources?.memory?.swap, -1);
    assert.equal(text(encodeSpec(back)), text(once));
  });

  it("keep what the types do not know", () => {
    const extended = '{"ociVersion":"9.0.0","future":{"big":18446744073709551615}}';
    assert.equal(text(encodeSpec(decodeSpec(bytes(extended)))), extended);
  });

  for (const json of ["[]", "5", '"spec"', "null"]) {
    it(`refuse ${json} as a spec`, () => {
      assert.throws(
        () => decodeSpec(bytes(json)),
        (error) => isContainerError(error, "invalid_argument"),
      );
    });
  }
});
