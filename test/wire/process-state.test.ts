import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { knownState, processStatus } from "../../plugins/containerd/process-state.ts";
import { GetResponseSchema } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { ProcessSchema, Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";

const exitedAt = new Date("2026-01-02T03:04:05Z");

/** A process that is stopped, with the time of its end. */
function stopped(at: Date | undefined) {
  return create(ProcessSchema, {
    pid: 7,
    status: Status.STOPPED,
    exitStatus: at === exitedAt ? 3 : 0,
    ...(at && { exitedAt: timestampFromDate(at) }),
  });
}

describe("processStatus() and knownState()", () => {
  it("knownState() tells how a process ended", () => {
    const state = knownState(stopped(exitedAt));
    assert.deepEqual(state?.exit, {
      state: "exited",
      code: 3,
      exitedAt,
      oomKilled: "unknown",
      truncated: false,
    });
    const response = create(GetResponseSchema, { process: stopped(exitedAt) });
    assert.deepEqual(processStatus(response), { state: "stopped", pid: 7, code: 3, exitedAt });
  });

  for (const at of [undefined, new Date("0001-01-01T00:00:00Z")]) {
    it(`knownState() knows none that was removed without an end, at ${at?.toISOString()}`, () => {
      assert.equal(knownState(stopped(at)), undefined);
      const response = create(GetResponseSchema, { process: stopped(at) });
      assert.deepEqual(processStatus(response), { state: "stopped", pid: 7 });
    });
  }
});
