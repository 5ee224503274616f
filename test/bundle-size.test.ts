import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BrowserBundle, browserBundle } from "./helpers/browser-bundle.ts";

/** Fails, and names the largest parts, if what is loaded at once is larger than that. */
function isAtMost(
  { initialGzipBytes: bytes, initialOutputs, metafile }: BrowserBundle,
  limitBytes: number,
): void {
  const parts = initialOutputs.flatMap((file) =>
    Object.entries(metafile.outputs[file]?.inputs ?? {})
  )
    .map(([input, { bytesInOutput }]) => ({ input, bytesInOutput }))
    .sort((one, other) => other.bytesInOutput - one.bytesInOutput)
    .slice(0, 15)
    .map(({ input, bytesInOutput }) => `${bytesInOutput} bytes of ${input}`);
  assert.ok(
    bytes <= limitBytes,
    `${bytes} bytes of at most ${limitBytes}, compressed; before that, the largest are:\n${
      parts.join("\n")
    }`,
  );
}

/** Fails, and names who imports them, if there are modules of Node in it. */
function hasNothingOfNode({ text, metafile }: BrowserBundle): void {
  const leaks = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports.filter(({ path }) => path.startsWith("node:")).map(({ path }) => `${file}: ${path}`)
  );
  assert.deepEqual(leaks, []);
  assert.doesNotMatch(text, /["'`]node:/);
}

const core = `export * from "./src/mod.ts";`;
const edge = `
  export { Client, Registry } from "./src/mod.ts";
  export { containerd } from "./plugins/containerd/mod.ts";
  export { web } from "./plugins/web/mod.ts";
`;

describe("bundle for platforms without Node", () => {
  it("grpc() cannot be in it, and the error names the module", async () => {
    await assert.rejects(
      browserBundle(`export { grpc } from "./plugins/grpc/mod.ts";`),
      /plugins\/\S+\.ts:\S+ ERROR: Could not resolve "node:http2"/,
    );
  });

  it("Client takes at most 6 KiB until it is used", async () => {
    const bundle = await browserBundle(core);
    hasNothingOfNode(bundle);
    isAtMost(bundle, 6 * 1024);
  });

  it("Client takes at most 13 KiB in all, and brings no package", async () => {
    const bundle = await browserBundle(core, { files: "whole" });
    const strangers = Object.keys(bundle.metafile.inputs)
      .filter((file) => file !== "entry.ts" && !file.startsWith("src/"));
    assert.deepEqual(strangers, []);
    isAtMost(bundle, 13 * 1024);
  });

  it("Client with containerd() and web() takes at most 8 KiB until it is used", async () => {
    const bundle = await browserBundle(edge);
    hasNothingOfNode(bundle);
    isAtMost(bundle, 8 * 1024);
  });

  it("Client with containerd() and web() takes at most 93 KiB in all", async () => {
    const bundle = await browserBundle(edge, { files: "whole" });
    hasNothingOfNode(bundle);
    isAtMost(bundle, 93 * 1024);
  });
});
