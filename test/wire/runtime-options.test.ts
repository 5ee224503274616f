import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { packRuntimeOptions } from "../../plugins/containerd/runtime-options.ts";
import { OptionsSchema as RuncSchema } from "../../proto/gen/containerd/runc/v1/options_pb.ts";
import { OptionsSchema as RunhcsSchema } from "../../proto/gen/containerd/runhcs/v1/options_pb.ts";
import { OptionsSchema as ConfigSchema } from "../../proto/gen/runtimeoptions/v1/options_pb.ts";
import { isContainerError } from "../../src/errors.ts";
import {
  type RuncOptions,
  type RunhcsOptions,
  type RuntimeConfigOptions,
  type RuntimeOptions,
  shimNameOf,
} from "../../src/runtime-options.ts";

const runc = "io.containerd.runc.v2";
const runhcs = "io.containerd.runhcs.v1";
const runsc = "io.containerd.runsc.v1";

function refused(shim: string, options: unknown, field: string, state: string): void {
  assert.throws(
    () => packRuntimeOptions(shim, options),
    (error) => {
      assert.ok(isContainerError(error, "invalid_argument"), `${error}`);
      assert.equal(error.field, field);
      assert.equal(error.message, `Cannot use "${field}": ${state}`);
      return true;
    },
  );
}

describe("packRuntimeOptions()", () => {
  it("packs every option of runc under the bare name", () => {
    const options: Required<RuncOptions> = {
      noPivotRoot: true,
      noNewKeyring: true,
      shimCgroup: "/shims",
      ioUid: 1,
      ioGid: 4294967295,
      binaryName: "/usr/bin/crun",
      root: "/run/state",
      systemdCgroup: true,
      criuImagePath: "/image",
      criuWorkPath: "/work",
      taskApiAddress: "ttrpc+unix:///run/s",
      taskApiVersion: 3,
    };
    for (const shim of [runc, "io.containerd.runc.v1", "/opt/bin/containerd-shim-runc-v2"]) {
      const any = packRuntimeOptions(shim, options);
      assert.ok(any);
      assert.equal(any.typeUrl, "containerd.runc.v1.Options");
      const { $typeName: _, ...fields } = fromBinary(RuncSchema, any.value);
      assert.deepEqual(fields, options);
    }
  });

  it("packs every option of runhcs", () => {
    const options: Required<RunhcsOptions> = {
      debug: true,
      debugType: "etw",
      registryRoot: "root",
      sandboxImage: "image",
      sandboxPlatform: "windows/amd64",
      sandboxIsolation: "hypervisor",
      bootFilesRootPath: "C:\\boot",
      vmProcessorCount: 3,
      vmMemorySizeMib: 2048,
      gpuVhdPath: "C:\\gpu.vhd",
      scaleCpuLimitsToSandbox: true,
      defaultContainerScratchSizeGib: 21,
      defaultVmScratchSizeGib: 22,
      shareScratch: true,
      ncProxyAddress: "proxy",
      logLevel: "trace",
      ioRetryTimeoutSeconds: 5,
      defaultContainerAnnotations: { a: "1", b: "" },
      noInheritHostTimezone: true,
      scrubLogs: true,
    };
    const expected: MessageInitShape<typeof RunhcsSchema> = {
      debug: true,
      debugType: 2,
      registryRoot: "root",
      sandboxImage: "image",
      sandboxPlatform: "windows/amd64",
      sandboxIsolation: 1,
      bootFilesRootPath: "C:\\boot",
      vmProcessorCount: 3,
      vmMemorySizeInMb: 2048,
      GPUVHDPath: "C:\\gpu.vhd",
      scaleCpuLimitsToSandbox: true,
      defaultContainerScratchSizeInGb: 21,
      defaultVmScratchSizeInGb: 22,
      shareScratch: true,
      NCProxyAddr: "proxy",
      logLevel: "trace",
      ioRetryTimeoutInSec: 5,
      defaultContainerAnnotations: { a: "1", b: "" },
      noInheritHostTimezone: true,
      scrubLogs: true,
    };
    const any = packRuntimeOptions(runhcs, options);
    assert.ok(any);
    assert.equal(any.typeUrl, "containerd.runhcs.v1.Options");
    assert.deepEqual(fromBinary(RunhcsSchema, any.value), create(RunhcsSchema, expected));
  });

  it("sends scrubLogs only if it is given: false is not the same as nothing", () => {
    const sent = (options: RunhcsOptions) => {
      const any = packRuntimeOptions(runhcs, options);
      assert.ok(any);
      return fromBinary(RunhcsSchema, any.value).scrubLogs;
    };
    assert.equal(sent({ scrubLogs: false }), false);
    assert.equal(sent({}), undefined);
    assert.equal(sent({ scrubLogs: undefined }), undefined);
  });

  it("packs the configuration of every other shim", () => {
    const options: Required<RuntimeConfigOptions> = {
      typeUrl: "io.containerd.runsc.v1.options",
      configPath: "/etc/runsc.toml",
      configBody: 'platform = "kvm" # ä',
    };
    for (const shim of [runsc, "io.containerd.kata.v2", "org.example.other.v1", "/bin/shim"]) {
      const any = packRuntimeOptions(shim, options);
      assert.ok(any);
      assert.equal(any.typeUrl, "runtimeoptions.v1.Options");
      const message = fromBinary(ConfigSchema, any.value);
      assert.equal(message.typeUrl, "io.containerd.runsc.v1.options");
      assert.equal(message.configPath, "/etc/runsc.toml");
      assert.equal(new TextDecoder().decode(message.configBody), 'platform = "kvm" # ä');
    }
    const bytes = packRuntimeOptions(runsc, { configBody: Uint8Array.of(0, 255) });
    assert.ok(bytes);
    assert.deepEqual(fromBinary(ConfigSchema, bytes.value).configBody, Uint8Array.of(0, 255));
  });

  it("answers undefined if nothing is given, and empty options if empty ones are", () => {
    assert.equal(packRuntimeOptions(runc, undefined), undefined);
    const any = packRuntimeOptions(runc, {});
    assert.deepEqual([any?.typeUrl, any?.value], ["containerd.runc.v1.Options", new Uint8Array()]);
  });

  it("leaves out what is undefined", () => {
    assert.deepEqual(packRuntimeOptions(runc, { root: undefined })?.value, new Uint8Array());
  });

  it("passes an encoded value through, to any shim, under its bare name", () => {
    const value = Uint8Array.of(8, 1);
    for (const shim of [runc, runhcs, runsc]) {
      const any = packRuntimeOptions(shim, { typeUrl: "my.Options", value });
      assert.deepEqual([any?.typeUrl, any?.value], ["my.Options", value]);
    }
    const prefixed = anyPack(RuncSchema, create(RuncSchema, { ioUid: 7 }));
    assert.equal(prefixed.typeUrl, "type.googleapis.com/containerd.runc.v1.Options");
    const any = packRuntimeOptions(runc, prefixed);
    assert.deepEqual(
      [any?.typeUrl, any?.value],
      ["containerd.runc.v1.Options", prefixed.value],
    );
  });

  it("refuses an option that the shim does not have, by name", () => {
    const none = (shim: string) => `shim "${shim}" has no such option`;
    refused(runc, { ioUID: 1 }, "runtimeOptions.ioUID", none(runc));
    refused(runc, { io_uid: 1 }, "runtimeOptions.io_uid", none(runc));
    refused(runc, { configPath: "/x" }, "runtimeOptions.configPath", none(runc));
    refused(runsc, { binaryName: "x" }, "runtimeOptions.binaryName", none(runsc));
    refused(runc, { toString: 1 }, "runtimeOptions.toString", none(runc));
    refused(runc, { gone: undefined }, "runtimeOptions.gone", none(runc));
    refused(
      runc,
      { typeUrl: "a", value: new Uint8Array(), root: "/" },
      "runtimeOptions.root",
      "an encoded value has no such field",
    );
  });

  it("refuses a value of a wrong type, by name", () => {
    const at = (name: string) => `runtimeOptions.${name}`;
    refused(runc, { noPivotRoot: 1 }, at("noPivotRoot"), "not a boolean");
    refused(runc, { root: null }, at("root"), "not a string");
    refused(runc, { root: "a\0b" }, at("root"), "contains a NUL character");
    refused(runc, { ioUid: "0" }, at("ioUid"), "not a number");
    refused(runc, { ioUid: 1n }, at("ioUid"), "not a number");
    refused(runc, { ioUid: 1.5 }, at("ioUid"), "not an integer");
    refused(runc, { ioUid: NaN }, at("ioUid"), "not an integer");
    refused(runc, { ioGid: -1 }, at("ioGid"), "-1 is not within 0 to 4294967295");
    refused(runc, { ioGid: 2 ** 32 }, at("ioGid"), "4294967296 is not within 0 to 4294967295");
    refused(runhcs, { debugType: "NPIPE" }, at("debugType"), "not one of npipe, file, etw");
    refused(
      runhcs,
      { sandboxIsolation: 1 },
      at("sandboxIsolation"),
      "not one of process, hypervisor",
    );
    refused(
      runhcs,
      { vmProcessorCount: 2 ** 31 },
      at("vmProcessorCount"),
      "2147483648 is not within 0 to 2147483647",
    );
    refused(
      runhcs,
      { defaultContainerAnnotations: { a: 1 } },
      at("defaultContainerAnnotations.a"),
      "not a string",
    );
    refused(runsc, { configBody: [1] }, at("configBody"), "not a string or Uint8Array");
    refused(runc, { typeUrl: "", value: new Uint8Array() }, at("typeUrl"), "empty");
    refused(runc, { typeUrl: "a", value: "x" }, at("value"), "not a Uint8Array");
  });

  it("refuses what is no object", () => {
    for (const options of [null, 1, "x", [], new Map()]) {
      refused(runc, options, "runtimeOptions", "not an object");
    }
  });
});

describe("shimNameOf()", () => {
  it("reads the name off the path of a binary and leaves others alone", () => {
    assert.equal(shimNameOf("io.containerd.runc.v2"), "io.containerd.runc.v2");
    assert.equal(shimNameOf("/a.b/containerd-shim-runc-v2"), "io.containerd.runc.v2");
    assert.equal(shimNameOf("C:\\x\\containerd-shim-runhcs-v1.exe"), "io.containerd.runhcs.v1");
    assert.equal(shimNameOf("/bin/containerd-shim-my-vm-v1"), "io.containerd.my-vm.v1");
    assert.equal(shimNameOf("/bin/other"), "/bin/other");
  });
});

/** Has the options of a shim checked by the compiler; what it returns is of no interest. */
function typed<const Shim extends string>(
  _shim: Shim,
  _options: RuntimeOptions<Shim>,
): void {}

describe("RuntimeOptions", () => {
  it("follows from the name of the shim, or from the path of its binary", () => {
    const value = new Uint8Array();
    typed("io.containerd.runc.v2", { systemdCgroup: true });
    typed("io.containerd.runc.v2", { typeUrl: "x", value });
    typed("/opt/containerd-shim-runc-v2", { systemdCgroup: true });
    typed("C:\\x\\containerd-shim-runhcs-v1.exe", { debugType: "etw" });
    typed("io.containerd.runhcs.v1", { debugType: "etw" });
    typed("org.example.other.v1", { configPath: "/x" });
    typed("org.example.other.v1", { typeUrl: "x", value });
    typed(runc as string, { systemdCgroup: true });
    typed(runc as string, { configBody: "x" });

    // @ts-expect-error: misspelt
    typed("io.containerd.runc.v2", { systemdCgroups: true });
    // @ts-expect-error: wrong type
    typed("io.containerd.runc.v2", { ioUid: "0" });
    // @ts-expect-error: an option of another shim
    typed("io.containerd.runc.v2", { configPath: "/x" });
    // @ts-expect-error: an option of another shim
    typed("/opt/containerd-shim-runc-v2", { debugType: "etw" });
    // @ts-expect-error: not a word of the list
    typed("io.containerd.runhcs.v1", { debugType: "ETW" });
    // @ts-expect-error: an option of another shim
    typed("io.containerd.kata.v2", { systemdCgroup: true });
    // @ts-expect-error: an encoded value is bytes
    typed("org.example.other.v1", { typeUrl: "x", value: "y" });

    assert.equal(typed.length, 2);
  });
});
