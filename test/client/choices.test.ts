import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { validateAddress } from "../../plugins/auto/address.ts";
import { isOnThisHost } from "../../plugins/auto/choose-runtime.ts";
import { connect } from "../../plugins/auto/mod.ts";
import { isContainerError } from "../../src/errors.ts";
import { refusePiped } from "../../src/stdio-choice.ts";

describe("choices", () => {
  it("refusePiped() names the stream that nobody would get, and lets the others pass", () => {
    for (const name of ["stdin", "stdout", "stderr"] as const) {
      assert.throws(
        () => refusePiped({ [name]: "piped" }),
        (error) => isContainerError(error, "invalid_argument") && error.field === `stdio.${name}`,
      );
    }
    refusePiped(undefined);
    refusePiped({ stdin: "null", stdout: "inherit", stderr: { file: "/tmp/x" } });
    refusePiped(() => {});
  });

  for (
    const [address, expected] of [
      ["/run/x.sock", true],
      ["unix:///run/x.sock", true],
      ["tcp://127.0.0.1:1", true],
      ["tls://localhost:1", true],
      ["tcp://[::1]:1", true],
      ["tcp://10.0.0.1:1", false],
      ["tls://127.example:1", false],
    ] as const
  ) {
    it(`isOnThisHost() of "${address}" is ${expected}`, () => {
      assert.equal(isOnThisHost(address), expected);
    });
  }

  for (const address of ["unix:///run/x.sock", "unix:/run/x.sock", "/run/x.sock", "UNIX:///x"]) {
    it(`validateAddress() takes "${address}"`, () => validateAddress(address, "here"));
  }
  for (const address of ["tcp://127.0.0.1:5000", "tls://host.example:5000", "tcp://[::1]:1"]) {
    it(`validateAddress() takes "${address}"`, () => validateAddress(address, "here"));
  }

  const formless = [
    "foo",
    "",
    "run/x.sock",
    "http://x",
    "https://x:5000",
    "localhost:5000",
    "npipe:////./pipe/containerd",
    5,
    null,
  ];
  for (const address of formless) {
    it(`connect() refuses address ${JSON.stringify(address)}, and says which there are`, async () => {
      await assert.rejects(connect({ address: address as never }), (error) => {
        assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
        assert.equal(error.field, "address");
        assert.match(error.message, /"unix:\/\/\/path", an absolute path, "tcp:.*" or "tls:/);
        return true;
      });
    });
  }
  for (const address of ["unix://host/path", "tcp://host", "tls://host:5000/path", "/tmp/"]) {
    it(`connect() refuses address "${address}", by its field`, async () => {
      await assert.rejects(
        connect({ address }),
        (error) => isContainerError(error, "invalid_argument") && error.field === "address",
      );
    });
  }

  for (const address of [5, null, "", "foo", "unix://host/path", "/tmp/", "tcp://host"]) {
    it(`validateAddress() says where ${JSON.stringify(address)} comes from`, () => {
      assert.throws(() => validateAddress(address, "address from SOMEWHERE"), (error) => {
        assert.ok(isContainerError(error, "invalid_argument"));
        assert.equal(error.field, "address");
        assert.match(error.message, /^Cannot use address .*\(address from SOMEWHERE\)$/);
        return true;
      });
    });
  }

  it("connect() refuses a string, and options that it does not have", async () => {
    const refused = (field: string, text: RegExp) => (error: unknown) => {
      assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
      assert.equal(error.field, field);
      assert.match(error.message, text);
      return true;
    };
    await assert.rejects(
      connect("unix:///run/x.sock" as never),
      refused("address", /pass it as { address }/),
    );
    await assert.rejects(connect({ adress: "/run/x.sock" } as never), refused("adress", /adress/));
  });
});
