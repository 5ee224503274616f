import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress, unix } from "../../plugins/unix/mod.ts";
import { socketPath } from "../../plugins/unix/address.ts";
import { isContainerError } from "../../src/errors.ts";

const longest = `/${"x".repeat(106)}`;

describe("parseAddress()", () => {
  const good: ReadonlyArray<readonly [string, string, string]> = [
    ["unix:///run/x.sock", "unix:///run/x.sock", "/run/x.sock"],
    ["unix:/run/x.sock", "unix:///run/x.sock", "/run/x.sock"],
    ["UNIX:///run/x.sock", "unix:///run/x.sock", "/run/x.sock"],
    ["/run/x.sock", "unix:///run/x.sock", "/run/x.sock"],
    ["/run/a b?c#d%20.sock", "unix:///run/a%20b%3Fc%23d%2520.sock", "/run/a b?c#d%20.sock"],
    ["unix:///run/a%20b.sock", "unix:///run/a%20b.sock", "/run/a b.sock"],
    ["/run/ü.sock", "unix:///run/%C3%BC.sock", "/run/ü.sock"],
    [longest, `unix://${longest}`, longest],
  ];
  for (const [given, href, path] of good) {
    it(`parseAddress() takes ${given}`, () => {
      const url = parseAddress(given);
      assert.equal(url.href, href);
      assert.equal(socketPath(url), path);
    });
  }

  const bad: ReadonlyArray<readonly [string, RegExp]> = [
    ["", /neither a URL nor an absolute path/],
    ["run/x.sock", /neither a URL nor an absolute path/],
    ["unix://run/x.sock", /path must be absolute/],
    ["unix:run/x.sock", /path must be absolute/],
    ["unix://", /path must be absolute/],
    ["/", /name a socket/],
    ["/run/", /name a socket/],
    ["unix:///run/x.sock?a=1", /query or a fragment/],
    ["unix:///run/x.sock#a", /query or a fragment/],
    ["unix:///run/%zz", /malformed escape/],
    ["unix:///run/%00x", /zero byte/],
    ["/run/\0x", /zero byte/],
    ["tcp://127.0.0.1:1", /scheme must be "unix"/],
    [`${longest}x`, /path has 108 bytes, at most 107 are possible/],
    [`/${"ü".repeat(54)}`, /path has 109 bytes, at most 107 are possible/],
  ];
  for (const [given, state] of bad) {
    it(`parseAddress() refuses ${JSON.stringify(given)}`, () => {
      assert.throws(() => parseAddress(given), (error) => {
        assert.ok(isContainerError(error, "invalid_argument"), String(error));
        assert.equal(error.field, "address");
        assert.match(error.message, state);
        return true;
      });
    });
  }

  it("connect() and socket() refuse an address that has no path", async () => {
    const address = new URL("unix://host/x.sock");
    const refused = (error: unknown) => isContainerError(error, "invalid_argument");
    await assert.rejects(unix.connect(address), refused);
    await assert.rejects(async () => await unix.socket?.(address), refused);
  });
});
