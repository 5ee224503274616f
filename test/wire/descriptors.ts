import {
  createRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { readdirSync } from "node:fs";

/** Every message, enum and service by name; each member is one line in the language of protobuf. */
export interface Contract {
  readonly messages: Readonly<Record<string, readonly string[]>>;
  readonly enums: Readonly<Record<string, readonly string[]>>;
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/** The folder of the generated stubs. */
export const stubs: URL = new URL("../../proto/gen/", import.meta.url);

/** Loads every generated stub, from the folder and not from a list: none can be forgotten. */
export async function loadRegistry(): Promise<Registry> {
  const files: DescFile[] = [];
  for (const path of readdirSync(stubs, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith("_pb.ts")) continue;
    const stub = await import(new URL(path.replaceAll("\\", "/"), stubs).href);
    const file = Object.values(stub).find(isFile);
    if (file === undefined) throw new Error(`Cannot load stub "${path}": no descriptor`);
    files.push(file);
  }
  return createRegistry(...files);
}

/** Writes down what a registry holds, but for the types that come with protobuf itself. */
export function describeContract(registry: Registry): Contract {
  const messages: Record<string, string[]> = {};
  const enums: Record<string, string[]> = {};
  const services: Record<string, string[]> = {};
  for (const type of registry) {
    if (type.typeName.startsWith("google.protobuf.")) continue;
    if (type.kind === "message") messages[type.typeName] = describeMessage(type);
    if (type.kind === "enum") enums[type.typeName] = describeEnum(type);
    if (type.kind === "service") services[type.typeName] = type.methods.map(describeMethod);
  }
  return { messages, enums, services };
}

function describeMessage(message: DescMessage): string[] {
  return message.fields.toSorted((a, b) => a.number - b.number).map(describeField);
}

function describeEnum({ values }: DescEnum): string[] {
  return values.toSorted((a, b) => a.number - b.number)
    .map(({ name, number }) => `${name} = ${number}`);
}

function describeField(field: DescField): string {
  const oneof = field.oneof ? `oneof ${field.oneof.name}: ` : "";
  return `${oneof}${describeLabel(field)}${describeType(field)} ${field.name} = ${field.number}`;
}

function describeLabel(field: DescField): string {
  if (field.fieldKind === "list") return "repeated ";
  return field.proto.proto3Optional ? "optional " : "";
}

function describeType(field: DescField): string {
  if (field.fieldKind === "map") {
    return `map<${scalarName(field.mapKey)}, ${elementName(field)}>`;
  }
  return elementName(field);
}

function elementName(field: DescField): string {
  if (field.message) return field.message.typeName;
  if (field.enum) return field.enum.typeName;
  return scalarName(field.scalar);
}

function scalarName(scalar: ScalarType): string {
  return ScalarType[scalar].toLowerCase();
}

function describeMethod({ name, methodKind, input, output }: DescMethod): string {
  const sends = methodKind === "client_streaming" || methodKind === "bidi_streaming";
  const receives = methodKind === "server_streaming" || methodKind === "bidi_streaming";
  return `${name}(${sends ? "stream " : ""}${input.typeName}) returns (${
    receives ? "stream " : ""
  }${output.typeName})`;
}

function isFile(value: unknown): value is DescFile {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "file";
}
