import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { OptionsSchema as RuncSchema } from "../../proto/gen/containerd/runc/v1/options_pb.ts";
import {
  Options_DebugType as DebugType,
  Options_SandboxIsolation as SandboxIsolation,
  OptionsSchema as RunhcsSchema,
} from "../../proto/gen/containerd/runhcs/v1/options_pb.ts";
import { OptionsSchema as ConfigSchema } from "../../proto/gen/runtimeoptions/v1/options_pb.ts";
import {
  boolean,
  type Check,
  integer,
  isRecord,
  mapOf,
  MAX_UINT32,
  name,
  oneOf,
  refuse,
  text,
} from "../../src/oci/check.ts";
import type {
  RuncOptions,
  RunhcsOptions,
  RuntimeConfigOptions,
  RuntimeOptionsByShim,
} from "../../src/runtime-options.ts";
import { shimNameOf } from "../../src/runtime-options.ts";
import type { TypedValue } from "../../src/runtime.ts";
import { packBare, packTyped } from "./any.ts";

/** How one option is checked, and where it goes. */
interface Option {
  /** Accepts or refuses the value. */
  readonly check: Check;
  /** Field of the message, where it has another name. */
  readonly field?: string;
  /** Makes the value of the message's field, where it is another. */
  readonly convert?: (value: unknown) => unknown;
}

/** The options that a message has. */
interface Layout {
  readonly schema: DescMessage;
  readonly options: Readonly<Record<string, Option>>;
}

const flag: Option = { check: boolean };
const string: Option = { check: text };
const uint32: Option = { check: number(MAX_UINT32) };
const count: Option = { check: number(0x7fff_ffff) };

const runc: Layout = {
  schema: RuncSchema,
  options: {
    noPivotRoot: flag,
    noNewKeyring: flag,
    shimCgroup: string,
    ioUid: uint32,
    ioGid: uint32,
    binaryName: string,
    root: string,
    systemdCgroup: flag,
    criuImagePath: string,
    criuWorkPath: string,
    taskApiAddress: string,
    taskApiVersion: uint32,
  } satisfies Record<keyof RuncOptions, Option>,
};

const runhcs: Layout = {
  schema: RunhcsSchema,
  options: {
    debug: flag,
    debugType: choice({ npipe: DebugType.NPIPE, file: DebugType.FILE, etw: DebugType.ETW }),
    registryRoot: string,
    sandboxImage: string,
    sandboxPlatform: string,
    sandboxIsolation: choice({
      process: SandboxIsolation.PROCESS,
      hypervisor: SandboxIsolation.HYPERVISOR,
    }),
    bootFilesRootPath: string,
    vmProcessorCount: count,
    vmMemorySizeMib: { ...count, field: "vmMemorySizeInMb" },
    gpuVhdPath: { ...string, field: "GPUVHDPath" },
    scaleCpuLimitsToSandbox: flag,
    defaultContainerScratchSizeGib: { ...count, field: "defaultContainerScratchSizeInGb" },
    defaultVmScratchSizeGib: { ...count, field: "defaultVmScratchSizeInGb" },
    shareScratch: flag,
    ncProxyAddress: { ...string, field: "NCProxyAddr" },
    logLevel: { check: oneOf("trace", "debug", "info", "warn", "error", "fatal", "panic") },
    ioRetryTimeoutSeconds: { ...count, field: "ioRetryTimeoutInSec" },
    defaultContainerAnnotations: { check: mapOf(text) },
    noInheritHostTimezone: flag,
    scrubLogs: flag,
  } satisfies Record<keyof RunhcsOptions, Option>,
};

const config: Layout = {
  schema: ConfigSchema,
  options: {
    typeUrl: string,
    configPath: string,
    configBody: {
      check: (value, at) => {
        if (typeof value !== "string" && !(value instanceof Uint8Array)) {
          refuse(at, "not a string or Uint8Array");
        }
      },
      convert: (value) => typeof value === "string" ? new TextEncoder().encode(value) : value,
    },
  } satisfies Record<keyof RuntimeConfigOptions, Option>,
};

const layouts: ReadonlyMap<string, Layout> = new Map(
  Object.entries(
    {
      "io.containerd.runc.v1": runc,
      "io.containerd.runc.v2": runc,
      "io.containerd.runhcs.v1": runhcs,
      "io.containerd.runsc.v1": config,
      "io.containerd.kata.v2": config,
    } satisfies Record<keyof RuntimeOptionsByShim, Layout>,
  ),
);

/**
 * Packs the options of a shim, for the `options` of a container's runtime or of a new task.
 *
 * @param shim Name of the shim, or the path of its binary.
 * @param options What the caller gave: the options of this shim, or a value that is encoded already.
 * @returns `undefined` if no options are given: the shim then uses those of the daemon.
 * @throws {ContainerError} `invalid_argument` for an option that the shim does not have, or a wrong
 * value; its `field` is `runtimeOptions.<name>`.
 */
export function packRuntimeOptions(shim: string, options: unknown): Any | undefined {
  if (options === undefined) return undefined;
  if (!isRecord(options)) refuse("runtimeOptions", "not an object");
  if (Object.hasOwn(options, "value")) return packTyped(checkTyped(options));
  const layout = layouts.get(shimNameOf(shim)) ?? config;
  const init: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const at = `runtimeOptions.${key}`;
    const option = Object.hasOwn(layout.options, key) ? layout.options[key] : undefined;
    if (option === undefined) refuse(at, `shim "${shim}" has no such option`);
    if (value === undefined) continue;
    option.check(value, at);
    init[option.field ?? key] = option.convert === undefined ? value : option.convert(value);
  }
  // The table above names the fields of this very schema, which its type cannot say.
  const message = create(layout.schema, init as MessageInitShape<DescMessage>);
  return packBare(layout.schema, message);
}

/** Checks a value that is encoded already; its own type is the shim's affair. */
function checkTyped(options: Readonly<Record<string, unknown>>): TypedValue {
  for (const key of Object.keys(options)) {
    if (key !== "typeUrl" && key !== "value" && key !== "$typeName") {
      refuse(`runtimeOptions.${key}`, "an encoded value has no such field");
    }
  }
  const { typeUrl, value } = options;
  name(typeUrl, "runtimeOptions.typeUrl");
  if (!(value instanceof Uint8Array)) refuse("runtimeOptions.value", "not a Uint8Array");
  return { typeUrl: typeUrl as string, value };
}

/** Accepts integers from 0 on; a `bigint` is none, because the message holds a `number`. */
function number(max: number): Check {
  const within = integer(0, max);
  return (value, at) => {
    if (typeof value !== "number") refuse(at, "not a number");
    within(value, at);
  };
}

/** Accepts words that stand for a number. */
function choice(words: Readonly<Record<string, number>>): Option {
  return {
    check: oneOf(...Object.keys(words)),
    convert: (word) => words[word as string],
  };
}
