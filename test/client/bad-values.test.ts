import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { archive } from "../../plugins/archive/mod.ts";
import { connect } from "../../plugins/auto/mod.ts";
import { containerd } from "../../plugins/containerd/mod.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { grpc } from "../../plugins/grpc/mod.ts";
import { web } from "../../plugins/web/mod.ts";
import { Client } from "../../src/client.ts";
import { shown } from "../../src/errors.ts";
import {
  validateContainerId,
  validateNamespace,
  validateProcessId,
  validateShimName,
} from "../../src/identifiers.ts";
import { decodeJson, decodeSpec } from "../../src/oci/encode.ts";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import { validateProcess, validateResources, validateSpec } from "../../src/oci/validate.ts";
import { Registry } from "../../src/registry.ts";
import { parseSignal } from "../../src/signals.ts";
import { assertFails } from "../containerd/support/refusals.ts";

// What the type checker would refuse is passed as `never`: callers may have no type checker.

const megabyte = "x".repeat(1_000_000);
const unshowable: Readonly<Record<string, unknown>> = {
  "a Symbol": Symbol("s"),
  "an array with a Symbol": [Symbol("s")],
  "an object without a prototype": Object.create(null),
  "a megabyte": megabyte,
};

describe("shown()", () => {
  it("shown() gives a short text for any value", () => {
    assert.equal(shown(Symbol("s")), "Symbol(s)");
    assert.equal(shown([Symbol("s")]), "object");
    assert.equal(shown(Object.create(null)), "object");
    assert.equal(shown(undefined), "undefined");
    assert.equal(shown(1n), "1");
    assert.equal(shown("web"), "web");
    assert.equal(shown(megabyte), `${"x".repeat(256)}…`);
  });
});

describe("values that have no text, or a long one", () => {
  const rpc = grpc({ address: "/tmp/x.sock" });
  const open = (options: object) => grpc({ address: "/tmp/x.sock", ...options } as never)();
  const calls: Readonly<Record<string, readonly [field: string, (value: never) => unknown]>> = {
    "validateContainerId()": ["containerId", (value) => validateContainerId(value)],
    "validateProcessId()": ["processId", (value) => validateProcessId(value)],
    "validateNamespace()": ["namespace", (value) => validateNamespace(value)],
    "validateShimName()": ["shim", (value) => validateShimName(value)],
    "parseSignal()": ["signal", (value) => parseSignal(value)],
    "connect()": ["address", (value) => connect({ address: value })],
    "grpc()": ["address", (value) => grpc({ address: value })()],
    "grpc() with maxMessageBytes": ["maxMessageBytes", (value) => open({ maxMessageBytes: value })],
    "web()": ["baseUrl", (value) => web({ baseUrl: value })],
    "web() with protocol": [
      "protocol",
      (value) => web({ baseUrl: "https://containers.example", protocol: value }),
    ],
    "containerd()": ["drainBudgetMs", (value) => containerd({ rpc, drainBudgetMs: value })],
    "fifo() with directory": ["directory", (value) => fifo({ directory: value })],
    "fifo() with uid": ["uid", (value) => fifo({ uid: value })],
    "fifo() with backend": ["backend", (value) => fifo({ backend: value })],
  };
  for (const [name, [field, call]] of Object.entries(calls)) {
    for (const [kind, value] of Object.entries(unshowable)) {
      it(`${name} refuses ${kind} in a short message`, async () => {
        const error = await assertFails(() => call(value as never), {
          code: "invalid_argument",
          field,
        });
        assert.ok(error.message.length < 1000, `${error.message.length} characters`);
      });
    }
  }
  it("connect() refuses a Symbol in place of options", async () => {
    await assertFails(() => connect(Symbol("s") as never), {
      code: "invalid_argument",
      field: "options",
    });
  });
});

describe("options of another kind", () => {
  const registry = new Registry();
  const address = "/tmp/x.sock";
  const baseUrl = "https://containers.example";
  const spec = linuxSpec({ args: ["true"], rootfs: "/" });
  const cases: Readonly<Record<string, readonly [field: string, call: () => unknown]>> = {
    "new Client() without a registry": ["registry", () => new Client(undefined as never)],
    "new Client() of any object": ["registry", () => new Client({} as never)],
    "new Client() with a backend of 5": [
      "backend",
      () => new Client(registry, { backend: 5 } as never),
    ],
    "new Client() with a backend of null": [
      "backend",
      () => new Client(registry, { backend: null } as never),
    ],
    "new Client() with a recorder of 5": [
      "recorder",
      () => new Client(registry, { recorder: 5 } as never),
    ],
    "new Client() with an onError of 5": [
      "onError",
      () => new Client(registry, { onError: 5 } as never),
    ],
    "connect() with a backend of 5": ["backend", () => connect({ address, backend: 5 } as never)],
    "web() without options": ["options", () => web(undefined as never)],
    "web() with headers of 5": ["headers", () => web({ baseUrl, headers: 5 } as never)],
    "web() with headers of null": ["headers", () => web({ baseUrl, headers: null } as never)],
    "web() with a fetch of 5": ["fetch", () => web({ baseUrl, fetch: 5 } as never)],
    "web() with interceptors of 5": [
      "interceptors",
      () => web({ baseUrl, interceptors: 5 } as never),
    ],
    "grpc() with a transport of 5": ["transport", () => grpc({ address, transport: 5 } as never)()],
    "grpc() with a transport of null": [
      "transport",
      () => grpc({ address, transport: null } as never)(),
    ],
    "grpc() with interceptors of 5": [
      "interceptors",
      () => grpc({ address, interceptors: 5 } as never)(),
    ],
    "grpc() with an interceptor of 5": [
      "interceptors[0]",
      () => grpc({ address, interceptors: [5] } as never)(),
    ],
    "archive() with an option": ["level", () => archive({ level: 9 } as never)],
    "archive() of 5": ["options", () => archive(5 as never)],
    "archive() of null": ["options", () => archive(null as never)],
    "validateSpec() with options of null": ["options", () => validateSpec(spec, null as never)],
    "validateProcess() with options of null": [
      "options",
      () => validateProcess(spec.process, null as never),
    ],
    "validateResources() with options of null": [
      "options",
      () => validateResources({}, null as never),
    ],
    "validateSpec() with a field of 5": [
      "field",
      () => validateSpec(spec, { field: 5 } as never),
    ],
    "decodeJson() of no JSON": ["bytes", () => decodeJson(new TextEncoder().encode("{"))],
    "decodeSpec() of no JSON": ["bytes", () => decodeSpec(new TextEncoder().encode("{"))],
    "decodeSpec() of a number": ["bytes", () => decodeSpec(new TextEncoder().encode("5"))],
  };
  for (const [name, [field, call]] of Object.entries(cases)) {
    it(`${name} is refused`, async () => {
      await assertFails(call, { code: "invalid_argument", field });
    });
  }
});
