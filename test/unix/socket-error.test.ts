import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { socketError } from "../../plugins/unix/socket-error.ts";

const address = new URL("unix:///run/x.sock");
const action = "Cannot connect to";

describe("socketError()", () => {
  const rows = [
    ["EACCES", "permission_denied", "permission denied (EACCES)"],
    ["EPERM", "permission_denied", "operation not permitted (EPERM)"],
    ["ENOENT", "unavailable", "no such socket (ENOENT)"],
    ["ECONNREFUSED", "unavailable", "nothing listens there (ECONNREFUSED)"],
    ["ECONNRESET", "unavailable", "connection was reset (ECONNRESET)"],
    ["EPIPE", "unavailable", "connection is closed (EPIPE)"],
    ["ETIMEDOUT", "unavailable", "no answer (ETIMEDOUT)"],
    ["EWHATEVER", "unavailable", "what happened (EWHATEVER)"],
    ["CERT_HAS_EXPIRED", "unauthenticated", "what happened (CERT_HAS_EXPIRED)"],
    [
      "ERR_TLS_CERT_ALTNAME_INVALID",
      "unauthenticated",
      "what happened (ERR_TLS_CERT_ALTNAME_INVALID)",
    ],
    [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "unauthenticated",
      "what happened (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
    ],
  ] as const;
  for (const [errno, code, state] of rows) {
    it(`socketError() maps ${errno} to ${code}`, () => {
      const cause = Object.assign(new Error("what happened"), { code: errno });
      const error = socketError(cause, { action, address });
      assert.equal(error.code, code);
      assert.equal(error.message, `Cannot connect to "unix:///run/x.sock": ${state}`);
      assert.equal(error.cause, cause);
    });
  }

  it("socketError() looks into the errors of several addresses", () => {
    const inner = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const error = socketError(new AggregateError([inner, inner]), { action, address });
    assert.equal(
      error.message,
      'Cannot connect to "unix:///run/x.sock": nothing listens there (ECONNREFUSED)',
    );
  });

  it("socketError() takes what is no error", () => {
    const error = socketError("odd", { action, address });
    assert.equal(error.code, "unavailable");
    assert.equal(error.message, 'Cannot connect to "unix:///run/x.sock": odd');
  });
});
