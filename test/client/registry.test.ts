import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isContainerError } from "../../src/errors.ts";
import { Registry } from "../../src/registry.ts";
import type { RuntimePlugin } from "../../src/runtime.ts";
import { fakePlugin, FakeRuntime } from "./fake-runtime.ts";

const plugin = (id: string): RuntimePlugin => fakePlugin(new FakeRuntime(), id);
const code = (wanted: string) => (error: unknown) =>
  isContainerError(error) && error.code === wanted;

describe("Registry", () => {
  it("resolve() finds the exact name before the fallback", () => {
    const [own, fallback] = [plugin("own"), plugin("fallback")];
    const registry = new Registry({ "io.example.vm.v1": own }, { fallback });
    assert.equal(registry.resolve("io.example.vm.v1"), own);
    assert.equal(registry.resolve("io.example.vm.v2"), fallback);
    assert.equal(registry.resolve("/usr/bin/containerd-shim-vm-v1"), fallback);
  });

  it("resolve() of an unknown name says unimplemented and lists the known ones", () => {
    const registry = new Registry({ "io.a.b": plugin("a"), "io.c.d": plugin("c") });
    assert.throws(() => registry.resolve("io.e.f"), (error: unknown) => {
      assert.ok(isContainerError(error, "unimplemented"));
      assert.match(error.message, /"io\.e\.f".*"io\.a\.b", "io\.c\.d"/);
      return true;
    });
    assert.throws(() => new Registry().resolve("io.e.f"), /known shims are none/);
  });

  it("resolve() rejects a relative path and a name without a dot as a shim name", () => {
    const registry = new Registry({}, { fallback: plugin("any") });
    for (const name of ["", "runc", "bin/shim.v1", "./shim", "io..runc", "io.runc.", "a b.c"]) {
      assert.throws(() => registry.resolve(name), code("invalid_argument"), name);
    }
  });

  it("constructor() refuses a name twice and a bad name", () => {
    const entries = [["io.a.b", plugin("a")], ["io.a.b", plugin("b")]] as const;
    assert.throws(() => new Registry(entries), code("already_exists"));
    assert.throws(() => new Registry({ runc: plugin("a") }), code("invalid_argument"));
  });

  it("with() gives a copy and leaves the registry as it was", () => {
    const fallback = plugin("fallback");
    const registry = new Registry({ "io.a.b": plugin("a") }, { fallback });
    const more = registry.with("io.c.d", plugin("c"));
    assert.deepEqual(registry.names, ["io.a.b"]);
    assert.deepEqual(more.names, ["io.a.b", "io.c.d"]);
    assert.equal(more.fallback, fallback);
    assert.throws(() => more.with("io.a.b", plugin("d")), code("already_exists"));
  });

  it("sources() gives every plugin once, the fallback first", () => {
    const [a, b] = [plugin("a"), plugin("b")];
    const registry = new Registry({ "io.a.b": a, "io.c.d": b, "io.e.f": a }, { fallback: b });
    assert.deepEqual(registry.sources(), [b, a]);
  });
});
