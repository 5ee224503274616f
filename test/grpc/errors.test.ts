import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeFromText, errorTexts } from "../../plugins/rpc/error-texts.ts";
import { isRetryable, toContainerError } from "../../plugins/rpc/mod.ts";
import { ContainerError } from "../../src/errors.ts";

const call = {
  action: 'Cannot pause container "web"',
  plugin: "containerd",
  containerId: "web",
  processId: "init",
};

/** An answer of the server. */
function wire(message: string, code: Code): ConnectError {
  const error = new ConnectError(message, code);
  error.isWireError = true;
  return error;
}

function errno(code: string): Error {
  return Object.assign(new Error(`connect ${code} /run/x.sock`), { code });
}

/** As connect-node wraps an error of Node. */
function wrapped(cause: unknown, code: Code = Code.Internal): ConnectError {
  return new ConnectError(String(cause), code, undefined, undefined, cause);
}

describe("toContainerError()", () => {
  const codes = [
    [Code.Canceled, "unavailable"],
    [Code.Unknown, "unknown"],
    [Code.InvalidArgument, "invalid_argument"],
    [Code.DeadlineExceeded, "deadline_exceeded"],
    [Code.NotFound, "not_found"],
    [Code.AlreadyExists, "already_exists"],
    [Code.PermissionDenied, "permission_denied"],
    [Code.ResourceExhausted, "resource_exhausted"],
    [Code.FailedPrecondition, "failed_precondition"],
    [Code.Aborted, "aborted"],
    [Code.OutOfRange, "out_of_range"],
    [Code.Unimplemented, "unimplemented"],
    [Code.Internal, "internal"],
    [Code.Unavailable, "unavailable"],
    [Code.DataLoss, "data_loss"],
    [Code.Unauthenticated, "unauthenticated"],
  ] as const;
  for (const [code, expected] of codes) {
    it(`toContainerError() maps the server's ${Code[code]} to ${expected}`, () => {
      const cause = wire("some text", code);
      const error = toContainerError(cause, call);
      assert.equal(error.code, expected);
      assert.equal(error.message, 'Cannot pause container "web": some text');
      assert.equal(error.cause, cause);
      assert.deepEqual([error.plugin, error.containerId, error.processId], [
        "containerd",
        "web",
        "init",
      ]);
      assert.equal(isRetryable(cause), false);
    });
  }

  it("toContainerError() covers every code of gRPC", () => {
    const all = Object.values(Code).filter((code) => typeof code === "number");
    assert.deepEqual(codes.map(([code]) => code as number), all);
  });

  it("toContainerError() names the kind where the server gave no text", () => {
    const error = toContainerError(wire("", Code.FailedPrecondition), call);
    assert.equal(error.message, 'Cannot pause container "web": failed precondition');
  });

  for (const row of errorTexts) {
    it(`toContainerError() reads "${row.example}" as ${row.code}`, () => {
      assert.equal(codeFromText(row.example), row.code);
      const error = toContainerError(wire(row.example, Code.Unknown), call);
      assert.equal(error.code, row.code);
      assert.equal(error.message, `${call.action}: ${row.example.replace(/: unknown$/, "")}`);
      // A row that an earlier one makes useless is a mistake.
      assert.equal(errorTexts.find(({ pattern }) => pattern.test(row.example)), row);
    });
  }

  it("toContainerError() reads the end of a text before its lost kind, and puts it in one line", () => {
    const texts = {
      "write /proc/self/attr/exec: invalid argument: unknown":
        "write /proc/self/attr/exec: invalid argument",
      "exit status 1: cannot do it: invalid argument\n: unknown":
        "exit status 1: cannot do it: invalid argument",
      "1 error occurred:\n\t* it failed: invalid argument\n\n: unknown":
        "1 error occurred: * it failed: invalid argument",
    };
    for (const [text, plain] of Object.entries(texts)) {
      const error = toContainerError(wire(text, Code.Unknown), call);
      assert.equal(error.code, "invalid_argument");
      assert.equal(error.message, `${call.action}: ${plain}`);
    }
  });

  it("toContainerError() reads texts only where the server did not say more", () => {
    assert.equal(toContainerError(wire("x: not found", Code.Internal), call).code, "internal");
    assert.equal(toContainerError(wire("something else", Code.Unknown), call).code, "unknown");
  });

  for (const code of ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"]) {
    it(`toContainerError() maps ${code} in the chain of causes to unavailable`, () => {
      for (const error of [errno(code), wrapped(errno(code)), wrapped(wrapped(errno(code)))]) {
        const mapped = toContainerError(error, call);
        assert.equal(mapped.code, "unavailable");
        assert.ok(mapped.message.includes(code), mapped.message);
        assert.equal(isRetryable(error), true);
      }
    });
  }

  for (const code of ["EACCES", "EPERM"]) {
    it(`toContainerError() maps ${code} to permission_denied`, () => {
      assert.equal(toContainerError(wrapped(errno(code)), call).code, "permission_denied");
      assert.equal(isRetryable(wrapped(errno(code))), false);
    });
  }

  it("toContainerError() takes canceled, with no abort of ours, for a lost connection", () => {
    const text = "http/2 stream closed with error code CANCEL (0x8)";
    const lost = new ConnectError(text, Code.Canceled);
    const { signal } = new AbortController();
    assert.equal(toContainerError(lost, { ...call, signal }).code, "unavailable");
    assert.equal(isRetryable(lost), true);
  });

  it("toContainerError() throws the reason of an aborted signal, unchanged", () => {
    const reason = { not: "an error" };
    const signal = AbortSignal.abort(reason);
    const canceled = new ConnectError("canceled", Code.Canceled);
    assert.throws(
      () => toContainerError(canceled, { ...call, signal }),
      (thrown) => thrown === reason,
    );
  });

  it("toContainerError() keeps the kind and the text of an error of the library", () => {
    const own = new ContainerError("unauthenticated", 'Cannot connect to "tls://x:1": expired');
    const error = toContainerError(wrapped(own, Code.Unavailable), call);
    assert.equal(error.code, "unauthenticated");
    assert.equal(error.message, `${call.action}: cannot connect to "tls://x:1": expired`);
  });

  it("toContainerError() takes what is no error at all", () => {
    assert.equal(toContainerError("text", call).message, `${call.action}: text`);
    assert.equal(toContainerError(undefined, call).code, "unknown");
  });

  it("toContainerError() stands a ring of causes", () => {
    const first = new Error("first");
    first.cause = new Error("second", { cause: first });
    assert.equal(toContainerError(first, call).message, `${call.action}: first`);
  });
});
