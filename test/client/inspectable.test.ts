import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { Client } from "../../src/client.ts";
import { inspectable } from "../../src/inspectable.ts";
import { Registry } from "../../src/registry.ts";
import { fakePlugin, FakeRuntime } from "./fake-runtime.ts";

class Thing {
  readonly id: string;
  readonly internals = { socket: { handle: 1 } };
  constructor(id: string) {
    this.id = id;
  }
}
inspectable(Thing, "Thing", ({ id }) => ({ id, pid: 5, address: undefined }));

describe("inspectable()", () => {
  it("inspectable() shows the fields that are there, also within other objects", () => {
    assert.equal(inspect(new Thing('a "b"')), 'Thing { id: "a \\"b\\"", pid: 5 }');
    assert.match(inspect({ all: [new Thing("web")] }), /\[\s*Thing { id: "web", pid: 5 }\s*\]/);
  });

  it("inspectable() adds nothing that can be listed", () => {
    assert.deepEqual(Object.keys(new Thing("web")), ["id", "internals"]);
    const names: string[] = [];
    for (const name in new Thing("web")) names.push(name);
    assert.deepEqual(names, ["id", "internals"]);
  });

  it("Client shows what it uses and why", () => {
    const registry = new Registry({}, { fallback: fakePlugin(new FakeRuntime()) });
    assert.equal(
      inspect(new Client(registry)),
      'Client { runtime: "default", reason: "given" }',
    );
    const description = { runtime: "containerd", address: "unix:///x.sock", reason: "asked for" };
    assert.equal(
      inspect(new Client(registry, { description })),
      'Client { runtime: "containerd", address: "unix:///x.sock", reason: "asked for" }',
    );
  });
});
