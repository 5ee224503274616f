import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type Contract, describeContract, loadRegistry, stubs } from "./descriptors.ts";

// Taken from the descriptors of containerd's API 1.12, cgroups v3 and hcsshim, and of gRPC's health
// service; not from the .proto files here, which are what is under test.
const facts: Contract = JSON.parse(
  readFileSync(new URL("facts.json", import.meta.url), "utf8"),
);
const registry = await loadRegistry();
const contract = describeContract(registry);

for (const kind of ["messages", "enums", "services"] as const) {
  describe(`generated ${kind}`, () => {
    it("are all of those that containerd has, and no others", () => {
      assert.deepEqual(Object.keys(contract[kind]).sort(), Object.keys(facts[kind]).sort());
    });
    for (const [name, members] of Object.entries(facts[kind])) {
      it(`${name} has containerd's names, numbers and types`, () => {
        assert.deepEqual(contract[kind][name], members);
      });
    }
  });
}

describe("facts.json", () => {
  it("holds as much as containerd's API does", () => {
    const size = (members: Readonly<Record<string, readonly string[]>>) => [
      Object.keys(members).length,
      Object.values(members).flat().length,
    ];
    assert.deepEqual(size(facts.messages), [341, 995]);
    assert.deepEqual(size(facts.enums), [10, 38]);
    assert.deepEqual(size(facts.services), [21, 134]);
  });
});

describe("generated stubs", () => {
  it("contain no construct that a runtime would have to compile", () => {
    const offending: string[] = [];
    for (const path of readdirSync(stubs, { recursive: true, encoding: "utf8" })) {
      if (!path.endsWith(".ts")) continue;
      const source = readFileSync(new URL(path.replaceAll("\\", "/"), stubs), "utf8");
      if (/^(export )?(declare )?(const )?(enum|namespace) /m.test(source)) offending.push(path);
      for (const [, specifier] of source.matchAll(/ from "(\.[^"]+)"/g)) {
        if (!specifier?.endsWith(".ts")) offending.push(`${path}: ${specifier}`);
      }
    }
    assert.deepEqual(offending, []);
  });
});
