import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { validateCreateRequest } from "../../plugins/containerd/create-request.ts";
import { isContainerError } from "../../src/errors.ts";
import { linuxSpec } from "../../src/oci/linux-spec.ts";
import type { Spec } from "../../src/oci/spec.ts";
import type { CreateRequest } from "../../src/runtime.ts";

const rootless = linuxSpec({ args: ["true"] });
const request = (spec: Spec, more: Partial<CreateRequest> = {}): CreateRequest => ({
  id: "web",
  shim: "io.containerd.runc.v2",
  spec,
  ...more,
});

describe("validateCreateRequest()", () => {
  it("validateCreateRequest() refuses a root on which nothing is put, and says what to do", () => {
    for (const path of ["rootfs", "./rootfs", "elsewhere"]) {
      const spec = { ...rootless, root: { path } };
      assert.throws(() => validateCreateRequest(request(spec)), (error) => {
        assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
        assert.deepEqual([error.field, error.containerId], ["spec.root.path", "web"]);
        assert.match(error.message, /root "\S+" is an empty folder .*rootfs, or .* snapshot$/);
        return true;
      });
    }
  });

  const { linux: _, ...withoutLinux } = rootless;
  const hook = { path: "/bin/true" };
  const accepted: Readonly<Record<string, CreateRequest>> = {
    "a folder": request(linuxSpec({ args: ["true"], rootfs: "/srv/web" })),
    "the host's own files": request(linuxSpec({ args: ["true"], rootfs: "/" })),
    "a snapshot": request(rootless, { snapshot: { snapshotter: "native", key: "web" } }),
    "a hook that may mount it": request({ ...rootless, hooks: { createRuntime: [hook] } }),
    "a Linux container of Windows": request({ ...rootless, windows: { layerFolders: [] } }),
    "a container that is not of Linux": request({ ...withoutLinux, windows: { layerFolders: [] } }),
  };
  for (const [name, each] of Object.entries(accepted)) {
    it(`validateCreateRequest() takes the root of ${name}`, () => validateCreateRequest(each));
  }
});
