import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  createFileRegistry,
  type DescFile,
  type DescMessage,
  fromBinary,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import * as codegen from "@bufbuild/protobuf/codegenv2";
import * as wkt from "@bufbuild/protobuf/wkt";
import { repositoryDir } from "../helpers/cache.ts";
import { sourceFiles } from "../helpers/import-graph.ts";
import { parseDescriptors, reviverText } from "./parsed-descriptors.mjs";

type MakeFile = (imports: readonly DescFile[]) => DescFile;

/** What a bundle makes the descriptor of a stub with. */
function parsed(stub: string): MakeFile {
  const call = /\bparsedFile\((\{.*\}), \[/.exec(parseDescriptors(stub));
  assert.ok(call !== null, "the descriptor is not parsed");
  const reviver = reviverText().replace(/^import .*$/m, "").replaceAll("export ", "");
  const make = new Function(
    "createFileRegistry",
    `${reviver}; const p = prototypes; return (imports) => parsedFile(${call[1]}, imports);`,
  );
  return make(createFileRegistry);
}

/** What protobuf-es finds out about every field, as text. */
function describeFields(file: DescFile): readonly string[] {
  return [...messagesOf(file)].flatMap(({ typeName, fields }) =>
    fields.map((field) => {
      const facts = Object.entries(field).map(([name, value]) => `${name}: ${factOf(value)}`);
      return `${typeName}.${field.name} ${facts.sort().join(", ")}`;
    })
  );
}

function factOf(value: unknown): string {
  if (typeof value === "function") return String(value.call(undefined));
  if (typeof value !== "object" || value === null) return String(value);
  const { typeName, name } = value as { readonly typeName?: string; readonly name?: string };
  return String(typeName ?? name);
}

function* messagesOf(parent: DescFile | DescMessage): Iterable<DescMessage> {
  for (const message of parent.kind === "file" ? parent.messages : parent.nestedMessages) {
    yield message;
    yield* messagesOf(message);
  }
}

describe("parseDescriptors()", () => {
  const stubs = sourceFiles("proto/gen").filter((file) => file.endsWith("_pb.ts"));
  const files = new Map<string, DescFile>();
  const remade = new Map<string, DescFile>();

  /** Makes the descriptor of a stub from its literal, after those of what it imports. */
  function remake(file: DescFile, stubOf: ReadonlyMap<string, string>): DescFile {
    const known = remade.get(file.name);
    if (known !== undefined) return known;
    const text = stubOf.get(file.name);
    if (text === undefined) return file; // of protobuf-es itself
    const made = parsed(text)(file.dependencies.map((each) => remake(each, stubOf)));
    remade.set(file.name, made);
    return made;
  }

  it("parseDescriptors() gives every stub the descriptor that it would make itself", async () => {
    const stubOf = new Map<string, string>();
    for (const stub of stubs) {
      const module: Record<string, unknown> = await import(`${repositoryDir}/${stub}`);
      for (const [name, value] of Object.entries(module)) {
        if (!name.startsWith("file_")) continue;
        const file = value as DescFile;
        files.set(file.name, file);
        stubOf.set(file.name, readFileSync(`${repositoryDir}/${stub}`, "utf8"));
      }
    }
    assert.ok(files.size > 30, "too few stubs were found");
    for (const [name, file] of files) {
      const made = remake(file, stubOf);
      const schema = wkt.FileDescriptorProtoSchema;
      assert.deepEqual(toJson(schema, made.proto), toJson(schema, file.proto), name);
      assert.deepEqual(toBinary(schema, made.proto), toBinary(schema, file.proto), name);
      assert.deepEqual(describeFields(made), describeFields(file), name);
      assert.deepEqual(
        made.services.map((each) => Object.keys(each.method)),
        file.services.map((each) => Object.keys(each.method)),
        name,
      );
    }
  });

  it("parseDescriptors() leaves alone what a literal cannot tell", () => {
    const text = `fileDesc("${codegen.embedFileDesc(withUnknownOption()).base64()}")`;
    assert.equal(parseDescriptors(text), text);
  });
});

/** A file with an option that nobody knows. */
function withUnknownOption(): wkt.FileDescriptorProto {
  // name "a", options { field 9999: 1 }
  const bytes = new Uint8Array([0x0a, 1, 0x61, 0x42, 4, 0xf8, 0xf0, 0x04, 1]);
  return fromBinary(wkt.FileDescriptorProtoSchema, bytes);
}
