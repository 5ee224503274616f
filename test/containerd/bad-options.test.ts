import { describe, it } from "node:test";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc, type GrpcOptions } from "../../plugins/grpc/mod.ts";
import { tcp } from "../../plugins/tcp/mod.ts";
import { Client } from "../../src/client.ts";
import { Registry } from "../../src/registry.ts";
import { assertFails } from "./support/refusals.ts";
import { show } from "./support/show.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

describe("options with bad input", () => {
  const rpc = grpc({ address: "/tmp/x.sock" });
  for (const namespace of ["", "a/b", "..", "a".repeat(77), 5, null]) {
    it(`containerd() refuses namespace ${show(namespace)}`, async () => {
      await assertFails(() => containerd({ rpc, namespace: namespace as never }), {
        code: "invalid_argument",
        field: "namespace",
      });
    });
  }
  for (const value of [-1, NaN, "2000", null]) {
    it(`containerd() refuses drainBudgetMs ${show(value)}`, async () => {
      await assertFails(() => containerd({ rpc, drainBudgetMs: value as never }), {
        code: "invalid_argument",
        field: "drainBudgetMs",
      });
    });
  }
  it("containerd() refuses an option that it does not have", async () => {
    await assertFails(() => containerd({ rpc, stdoi: {} } as never), {
      code: "invalid_argument",
      field: "stdoi",
    });
  });
  const { signal } = new AbortController();
  const makers: Readonly<Record<string, (options: object) => unknown>> = {
    containerd: (options) => containerd({ rpc, ...options } as never),
    fifo: (options) => fifo(options as never),
    tcp: (options) => tcp(options as never),
  };
  for (const [maker, make] of Object.entries(makers)) {
    it(`${maker}() refuses a signal, which only calls take`, async () => {
      await assertFails(() => make({ signal }), { code: "invalid_argument", field: "signal" });
    });
  }
  it("tcp() refuses options of TLS that there are not", async () => {
    for (const [tls, field] of [[{ certs: "" }, "tls.certs"], [5, "tls"]] as const) {
      await assertFails(() => tcp({ tls } as never), { code: "invalid_argument", field });
    }
  });
  for (const name of ["", "runc", "a/b.c", ".a.b"]) {
    it(`new Registry() refuses shim ${show(name)}`, async () => {
      await assertFails(() => new Registry({ [name]: containerd({ rpc }) }), {
        code: "invalid_argument",
        field: "shim",
      });
    });
  }

  const address = "/tmp/x.sock";
  const long = `/tmp/${"x".repeat(103)}`;
  const cases: readonly (readonly [options: GrpcOptions, field: string])[] = [
    [{ address: "" }, "address"],
    [{ address: "containerd.sock" }, "address"],
    [{ address: "./containerd.sock" }, "address"],
    [{ address: "gopher://host" }, "address"],
    [{ address: "npipe:////./pipe/containerd" }, "address"],
    [{ address: "unix://host/path" }, "address"],
    [{ address: "unix:///" }, "address"],
    [{ address: "/tmp/" }, "address"],
    [{ address: "unix:///tmp/a%00b" }, "address"],
    [{ address: long }, "address"],
    [{ address: `unix://${long}` }, "address"],
    [{ address: "tcp://host" }, "address"],
    [{ address: "tcp://host:99999" }, "address"],
    [{ address, maxMessageBytes: 0 }, "maxMessageBytes"],
    [{ address, maxMessageBytes: 1.5 }, "maxMessageBytes"],
    [{ address, connectTimeoutMs: NaN }, "connectTimeoutMs"],
    [{ address, connectTimeoutMs: 2 ** 31 }, "connectTimeoutMs"],
    [{ address, healthIntervalMs: -1 }, "healthIntervalMs"],
    [{ address, healthMisses: 0 }, "healthMisses"],
    [{ address, tsl: {} } as GrpcOptions, "tsl"],
    [{ address, signal } as GrpcOptions, "signal"],
    [{ address: "tls://127.0.0.1:1", tls: { certs: "" } } as GrpcOptions, "tls.certs"],
  ];
  for (const [options, field] of cases) {
    it(`grpc() refuses ${JSON.stringify(options).slice(0, 60)}`, async () => {
      const other = new Client(new Registry({}, { fallback: containerd({ rpc: grpc(options) }) }));
      try {
        for (let attempt = 0; attempt < 2; attempt++) {
          await assertFails(() => other.version(), { code: "invalid_argument", field });
        }
      } finally {
        await other[Symbol.asyncDispose]();
      }
    });
  }
});
