import { ProcessDetailsSchema as RuncDetails } from "../../proto/gen/containerd/runc/v1/options_pb.ts";
import { ProcessDetailsSchema as RunhcsDetails } from "../../proto/gen/containerd/runhcs/v1/options_pb.ts";
import type { ProcessInfo } from "../../proto/gen/containerd/v1/types/task_pb.ts";
import { INIT_PROCESS, type PidInfo } from "../../src/runtime.ts";
import { unpack } from "./any.ts";
import { dateOf } from "./times.ts";

/** What containerd tells of one process; `initPid` is that of the container's first one. */
export function pidInfo({ pid, info }: ProcessInfo, initPid: number): PidInfo {
  const own = pid === initPid ? { pid, processId: INIT_PROCESS } : { pid };
  if (info === undefined) return own;
  const runc = unpack(info, RuncDetails);
  if (runc) return runc.execId === "" ? own : { pid, processId: runc.execId };
  const runhcs = unpack(info, RunhcsDetails);
  if (!runhcs) return own;
  return {
    pid,
    ...(runhcs.execId === "" ? {} : { processId: runhcs.execId }),
    windows: {
      imageName: runhcs.imageName,
      createdAt: dateOf(runhcs.createdAt),
      kernelTime100ns: runhcs.kernelTime100Ns,
      userTime100ns: runhcs.userTime100Ns,
      memoryCommitBytes: runhcs.memoryCommitBytes,
      memoryWorkingSetPrivateBytes: runhcs.memoryWorkingSetPrivateBytes,
      memoryWorkingSetSharedBytes: runhcs.memoryWorkingSetSharedBytes,
    },
  };
}
