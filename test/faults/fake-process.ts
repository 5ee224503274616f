import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type ProcessSchema, Status } from "../../proto/gen/containerd/v1/types/task_pb.ts";

/** How a process ended. */
export interface FakeExit {
  /** Its exit code. */
  readonly code: number;
  /** When it ended. */
  readonly exitedAt: Date;
}

/** A process that a fake daemon says there is. */
export class FakeProcess {
  /** Its container. */
  readonly containerId: string;
  /** The id of a further process; empty for the first one. */
  readonly execId: string;
  /** Its state. */
  status: Status = Status.CREATED;
  /** 0 for a further process that was not started. */
  pid: number;
  readonly #exited = Promise.withResolvers<FakeExit>();
  #exit: FakeExit | undefined;

  constructor(containerId: string, execId: string, pid: number) {
    this.containerId = containerId;
    this.execId = execId;
    this.pid = pid;
  }

  /** How it ended, once it did. */
  get exit(): FakeExit | undefined {
    return this.#exit;
  }

  /** Resolves when it ended. */
  get exited(): Promise<FakeExit> {
    return this.#exited.promise;
  }

  /** Ends it; the first end counts. */
  end(code: number): FakeExit {
    this.#exit ??= { code, exitedAt: new Date() };
    this.status = Status.STOPPED;
    this.#exited.resolve(this.#exit);
    return this.#exit;
  }

  /** What the daemon tells of it. */
  get message(): MessageInitShape<typeof ProcessSchema> {
    return {
      // containerd leaves the id of the container out.
      id: this.execId || this.containerId,
      pid: this.pid,
      status: this.status,
      exitStatus: this.#exit?.code ?? 0,
      ...(this.#exit && { exitedAt: timestampFromDate(this.#exit.exitedAt) }),
    };
  }
}
