import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  validateContainerId,
  validateNamespace,
  validateProcessId,
  validateShimName,
} from "../src/identifiers.ts";
import { validateLabels } from "../src/labels.ts";
import { assertRefused } from "./oci/refused.ts";

const GOOD_IDS = ["a", "0", "web", "Web-1", "a.b_c-d", "1.2.3", "x".repeat(76)];
const BAD_IDS: readonly unknown[] = [
  "",
  "x".repeat(77),
  ".",
  "..",
  ".a",
  "a.",
  "a..b",
  "a-_b",
  "-a",
  "_",
  "a/b",
  "../a",
  "a\\b",
  "a b",
  "a\n",
  "a\0",
  "ä",
  "a:b",
  "a@b",
  null,
  undefined,
  5,
  {},
];

for (
  const [name, validate, field] of [
    ["validateContainerId()", validateContainerId, "containerId"],
    ["validateProcessId()", validateProcessId, "processId"],
    ["validateNamespace()", validateNamespace, "namespace"],
  ] as const
) {
  describe(name, () => {
    for (const id of GOOD_IDS) {
      it(`accepts ${id.length > 20 ? `${id.length} characters` : `"${id}"`}`, () => {
        assert.equal(validate(id), undefined);
      });
    }
    for (const id of BAD_IDS) {
      const shown = typeof id === "string" && id.length > 20
        ? `${id.length} characters`
        : `${typeof id} ${JSON.stringify(id)}`;
      it(`refuses ${shown}`, () => assertRefused(() => validate(id as string), field));
    }
    it("names the field that it is told", () => {
      assertRefused(() => validate("a/b", "request.id"), "request.id", /"a\/b"/);
    });
  });
}

describe("validateShimName()", () => {
  for (
    const name of [
      "io.containerd.runc.v2",
      "io.containerd.runhcs.v1",
      "com.docker.hcsshim.v1",
      "a.b",
      "a.b.c",
      "my-runtime.v1",
      "/usr/bin/containerd-shim-runc-v2",
      "/opt/my shim",
      "C:\\bin\\containerd-shim-runhcs-v1.exe",
      "c:/bin/shim.exe",
      "\\\\server\\share\\shim.exe",
    ]
  ) {
    it(`accepts ${name}`, () => assert.equal(validateShimName(name), undefined));
  }
  for (
    const name of [
      "",
      "runc",
      ".",
      ".a.b",
      "a.",
      "a..",
      "a..b",
      "a.b/c",
      "io.containerd/runc.v2",
      "a.b\\c",
      "./shim",
      "bin/shim.v1",
      "../../x.y",
      "/",
      "//",
      "/usr/bin/",
      "C:\\",
      "C:shim.exe",
      "/usr/bin/shim\0",
      "a.b\0",
      "a b.c",
      "a.b\n",
      null,
      undefined,
      7,
    ] as unknown[]
  ) {
    it(`refuses ${typeof name} ${JSON.stringify(name)}`, () => {
      assertRefused(() => validateShimName(name as string), "shim");
    });
  }
});

describe("validateLabels()", () => {
  for (
    const labels of [
      {},
      { app: "web" },
      { "containerd.io/gc.root": "2026-01-01" },
      { empty: "" },
      { k: "v".repeat(4095) },
    ] as Record<string, string>[]
  ) {
    it(`accepts ${JSON.stringify(labels).slice(0, 40)}`, () => {
      assert.equal(validateLabels(labels), undefined);
    });
  }
  it("refuses a key and value of more than 4096 bytes together", () => {
    assertRefused(() => validateLabels({ k: "v".repeat(4096) }), 'labels["k"]', /4097 bytes/);
  });
  it("counts bytes, not characters", () => {
    assertRefused(() => validateLabels({ k: "ä".repeat(2048) }), 'labels["k"]', /4097 bytes/);
  });
  it("shows at most 64 characters of a key", () => {
    const key = "k".repeat(5000);
    assertRefused(() => validateLabels({ [key]: "" }), `labels["${"k".repeat(64)}"]`);
  });
  it("refuses an empty key", () => {
    assertRefused(() => validateLabels({ a: "1", "": "x" }), 'labels[""]');
  });
  it("refuses a value that is not a string", () => {
    const labels = { a: 5 } as unknown as Record<string, string>;
    assertRefused(() => validateLabels(labels, "request.labels"), 'request.labels["a"]');
  });
});
