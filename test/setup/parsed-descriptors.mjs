import { readFile } from "node:fs/promises";
import { create, fromBinary } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { base64Decode } from "@bufbuild/protobuf/wire";
import * as wkt from "@bufbuild/protobuf/wkt";

const reviver = "parsed-descriptors";

/**
 * A plugin of esbuild that parses the descriptors in generated stubs when the stubs are bundled.
 *
 * A stub holds its descriptor as base64 of a protobuf message. Parsing these with code that has
 * never run before is a tenth of what a cold script does. What cannot be told by a literal stays as
 * it is.
 */
export function parsedDescriptors() {
  return {
    name: reviver,
    setup(build) {
      build.onLoad({ filter: /_pb\.[jt]s$/ }, async ({ path }) => ({
        contents: parseDescriptors(await readFile(path, "utf8")),
        loader: path.endsWith(".ts") ? "ts" : "js",
      }));
      build.onResolve({ filter: /^parsed-descriptors$/ }, ({ path, resolveDir }) => {
        return { path, namespace: reviver, pluginData: { resolveDir } };
      });
      build.onLoad({ filter: /.*/, namespace: reviver }, ({ pluginData }) => ({
        contents: reviverText(),
        resolveDir: pluginData.resolveDir,
      }));
    },
  };
}

/** Replaces every descriptor in a module that is a string by its literal. */
export function parseDescriptors(text) {
  const parsed = text.replaceAll(
    /\bfileDesc\("([A-Za-z0-9+/=]+)"(?:, \[([^\]]*)\])?\)/g,
    (call, base64, imports = "") => {
      const file = fromBinary(wkt.FileDescriptorProtoSchema, base64Decode(base64));
      const literal = literalOf(withJsonNames(file));
      return literal === undefined ? call : `reviveFile(${literal}, [${imports}])`;
    },
  );
  if (parsed === text) return text;
  return `import { reviveFile } from "${reviver}";\n${parsed}`;
}

/** The module that makes descriptors of literals. */
export function reviverText() {
  return `import { createFileRegistry } from "@bufbuild/protobuf";
const prototypes = ${JSON.stringify(prototypes())};
export function reviveFile(file, imports) {
  file.dependency = imports.map(({ proto }) => proto.name);
  const find = (name) => imports.find(({ proto }) => proto.name === name);
  return createFileRegistry(revive(file), find).getFile(file.name);
}
function revive(message) {
  for (const value of Object.values(message)) {
    if (Array.isArray(value)) value.forEach((each) => typeof each === "object" && revive(each));
    else if (typeof value === "object") revive(value);
  }
  return Object.setPrototypeOf(message, prototypes[message.$typeName] ?? null);
}
`;
}

// Stubs leave out names that follow from others.
function withJsonNames(file) {
  const complete = (message) => {
    for (const field of message.field) {
      field.jsonName ||= protoCamelCase(field.name);
    }
    message.nestedType.forEach(complete);
  };
  file.messageType.forEach(complete);
  return file;
}

/** What a message has where a field is not set: protobuf-es keeps that in its prototype. */
function prototypes() {
  const found = {};
  for (const schema of Object.values(wkt)) {
    if (schema?.kind !== "message" || schema.file !== wkt.file_google_protobuf_descriptor) continue;
    const prototype = Object.getPrototypeOf(create(schema));
    if (prototype !== Object.prototype && isPlain(prototype)) found[schema.typeName] = prototype;
  }
  return found;
}

/** The literal of a message, if all that it holds can be told by one. */
function literalOf(message) {
  return isPlain(message) ? JSON.stringify(message) : undefined;
}

function isPlain(value) {
  if (typeof value === "bigint" || ArrayBuffer.isView(value)) return false;
  if (typeof value !== "object" || value === null) return true;
  return !("$unknown" in value) && Object.values(value).every(isPlain);
}
