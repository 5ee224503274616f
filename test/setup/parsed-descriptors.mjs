import { join } from "node:path";
import { create, fromBinary } from "@bufbuild/protobuf";
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
import { base64Decode } from "@bufbuild/protobuf/wire";
import * as wkt from "@bufbuild/protobuf/wkt";

const reviver = "parsed-descriptors";

/** What the messages of which a descriptor is made have where a field is not set, by their names. */
const prototypes = Object.fromEntries(
  Object.values(wkt)
    .filter(({ kind, file }) => kind === "message" && file === wkt.file_google_protobuf_descriptor)
    .map((schema) => [nameOf(schema.typeName), Object.getPrototypeOf(create(schema))])
    .filter(([, prototype]) => prototype !== Object.prototype && isPlain(prototype)),
);

/**
 * A plugin of rolldown that parses the descriptors in generated stubs when the stubs are bundled.
 *
 * A stub holds its descriptor as base64 of a protobuf message. Parsing these with code that has
 * never run before is a tenth of what a cold script does. What cannot be told by a literal stays as
 * it is.
 *
 * @param root The folder whose packages are bundled.
 */
export function parsedDescriptors(root) {
  const id = join(root, `${reviver}.js`);
  return {
    name: reviver,
    resolveId: (source) => source === reviver ? id : undefined,
    load: (path) => path === id ? reviverText() : undefined,
    transform: (text, path) => /_pb\.[jt]s$/.test(path) ? parseDescriptors(text) : undefined,
  };
}

/** Replaces every descriptor in a module that is a string by its literal. */
export function parseDescriptors(text) {
  const parsed = text.replaceAll(
    /\bfileDesc\("([A-Za-z0-9+/=]+)"(?:, \[([^\]]*)\])?\)/g,
    (call, base64, imports = "") => {
      const file = fromBinary(wkt.FileDescriptorProtoSchema, base64Decode(base64));
      return isPlain(file) ? `parsedFile(${literalOf(withJsonNames(file))}, [${imports}])` : call;
    },
  );
  if (parsed === text) return text;
  return `import { parsedFile, prototypes as p } from "${reviver}";\n${parsed}`;
}

/** The module that makes descriptors of literals. */
export function reviverText() {
  return `import { createFileRegistry } from "@bufbuild/protobuf";
export const prototypes = ${JSON.stringify(prototypes)};
export function parsedFile(file, imports) {
  file.dependency = imports.map(({ proto }) => proto.name);
  const find = (name) => imports.find(({ proto }) => proto.name === name);
  return createFileRegistry(file, find).getFile(file.name);
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

function isPlain(value) {
  if (typeof value === "bigint" || ArrayBuffer.isView(value)) return false;
  if (typeof value !== "object" || value === null) return true;
  return !("$unknown" in value) && Object.values(value).every(isPlain);
}

/** The literal of what is plain; what a message's fields are when unset is in its prototype. */
function literalOf(value) {
  if (Array.isArray(value)) return `[${value.map(literalOf)}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${name}:${literalOf(member)}`);
  const name = nameOf(value.$typeName);
  if (name in prototypes) members.unshift(`__proto__:p.${name}`);
  return `{${members}}`;
}

function nameOf(typeName) {
  return typeName.split(".").at(-1);
}
