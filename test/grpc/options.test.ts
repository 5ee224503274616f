import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseDial } from "../../plugins/grpc/dial.ts";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { requestHeaders } from "../../plugins/grpc/request-headers.ts";
import { readSettings } from "../../plugins/grpc/settings.ts";
import { percentDecode } from "../../plugins/grpc/status.ts";
import { isContainerError } from "../../src/errors.ts";
import { rejection } from "../helpers/rejection.ts";

const address = "unix:///run/x.sock";

describe("grpc() options", () => {
  it("readSettings() fills in containerd's limits", () => {
    assert.deepEqual(readSettings({ address }), {
      maxMessageBytes: 16_777_216,
      connectTimeoutMs: 5000,
      healthIntervalMs: 10_000,
      healthTimeoutMs: 3000,
      healthMisses: 3,
    });
    assert.equal(readSettings({ address, healthIntervalMs: 100 }).healthTimeoutMs, 100);
    assert.equal(readSettings({ address, healthIntervalMs: 0 }).healthTimeoutMs, 3000);
  });

  const bad: ReadonlyArray<readonly [keyof GrpcOptions, number]> = [
    ["maxMessageBytes", 0],
    ["maxMessageBytes", 2 ** 31],
    ["connectTimeoutMs", Number.NaN],
    ["connectTimeoutMs", 2 ** 31],
    ["healthIntervalMs", -1],
    ["healthTimeoutMs", 0],
    ["healthMisses", 1.5],
  ];
  for (const [field, value] of bad) {
    it(`grpc() refuses ${field} ${value}`, async () => {
      const error = await rejection(grpc({ address, [field]: value })());
      assert.ok(isContainerError(error, "invalid_argument"));
      assert.equal(error.field, field);
    });
  }

  const addresses: ReadonlyArray<readonly [string, string, string]> = [
    ["/run/x.sock", "unix:///run/x.sock", "http://localhost"],
    ["unix:/run/x.sock", "unix:///run/x.sock", "http://localhost"],
    ["tcp://127.0.0.1:5000", "tcp://127.0.0.1:5000", "http://127.0.0.1:5000"],
    ["tls://[::1]:5000", "tls://[::1]:5000", "https://[::1]:5000"],
    ["https://host:5000", "https://host:5000/", "https://host:5000"],
  ];
  for (const [given, href, authority] of addresses) {
    it(`chooseDial() takes ${given}`, async () => {
      const dial = await chooseDial({ address: given });
      assert.deepEqual([dial.address.href, dial.authority], [href, authority]);
    });
  }

  for (const given of ["", "run/x.sock", "npipe://./pipe/x", "unix://run/x.sock"]) {
    it(`grpc() refuses the address "${given}"`, async () => {
      const error = await rejection(grpc({ address: given })());
      assert.ok(isContainerError(error, "invalid_argument"), String(error));
      assert.equal(error.field, "address");
    });
  }

  it("grpc() refuses an address that is no string", async () => {
    for (const given of [undefined, 7, {}]) {
      const error = await rejection(grpc({ address: given as unknown as string })());
      assert.ok(isContainerError(error, "invalid_argument"), String(error));
      assert.equal(error.field, "address");
    }
  });

  it("grpc() refuses a transport for other addresses, or without sockets", async () => {
    const connect = () => Promise.reject(new Error("not called"));
    const other = { schemes: ["npipe"], connect, socket: connect };
    const first = await rejection(grpc({ address, transport: other })());
    assert.ok(isContainerError(first, "invalid_argument"), String(first));
    const bare = { schemes: ["unix"], connect };
    const second = await rejection(grpc({ address, transport: bare })());
    assert.ok(isContainerError(second, "invalid_argument"), String(second));
    assert.equal(second.field, "transport");
  });

  it("grpc() rejects with the reason of a signal that has aborted", async () => {
    const reason = new Error("before");
    assert.equal(await rejection(grpc({ address })({ signal: AbortSignal.abort(reason) })), reason);
  });

  it("requestHeaders() sends the caller's headers, but none of the protocol's", () => {
    const given = {
      "Containerd-Namespace": "moby",
      "Content-Type": "x",
      TE: "x",
      "grpc-timeout": "1S",
    };
    for (const header of [given, new Headers(given), Object.entries(given)]) {
      assert.deepEqual(requestHeaders("/a/B", undefined, header), {
        ":method": "POST",
        ":path": "/a/B",
        "content-type": "application/grpc+proto",
        te: "trailers",
        "user-agent": "libcontainerd",
        "containerd-namespace": "moby",
      });
    }
  });

  it("requestHeaders() keeps the timeout within 8 digits", () => {
    const timeout = (ms: number) => requestHeaders("/a/B", ms, undefined)["grpc-timeout"];
    assert.equal(timeout(0.2), "1m");
    assert.equal(timeout(1500), "1500m");
    assert.equal(timeout(99_999_999), "99999999m");
    assert.equal(timeout(100_000_000), "100000S");
  });

  it("percentDecode() keeps what is not a valid escape", () => {
    assert.equal(percentDecode("a%20b%C3%A9"), "a bé");
    assert.equal(percentDecode("100% of %zz"), "100% of %zz");
    assert.equal(percentDecode("100%, %FF%20"), "100%, \ufffd ");
  });
});
