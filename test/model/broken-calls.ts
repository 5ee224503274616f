import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";

/** What a call ends with that was broken off, by the client's end or by the daemon's. */
const brokenOff: readonly Code[] = [Code.Unavailable, Code.Canceled, Code.DeadlineExceeded];

/**
 * What containerd says of a call that was broken off by the end of the shim, or of its runc; or by a
 * Delete under way, which cleared the folder away that a Create had just made.
 */
const partEnded =
  /ttrpc: closed|did not terminate successfully: exit status 137|open shim log pipe/;

/** A call of containerd about a task that is broken off when its connection is, with whatever it has done. */
export type BreakableCall = "create" | "delete";

/** Watches out for tasks whose Create or Delete was broken off, so that nobody knows how far it came. */
export class BrokenCalls {
  /** To be given to every client. */
  readonly interceptor: Interceptor;
  readonly #calls = new Set<string>();

  constructor() {
    this.interceptor = (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        const { message } = request as { readonly message: { readonly containerId?: string } };
        const isBroken = error instanceof ConnectError &&
          (brokenOff.includes(error.code) || partEnded.test(error.rawMessage));
        if (request.service === Tasks && isBroken) {
          this.#calls.add(`${request.method.localName} ${message.containerId}`);
        }
        throw error;
      }
    };
  }

  /** Whether that has happened to any call about a container. */
  hasAny(containerId: string): boolean {
    return [...this.#calls].some((call) => call.endsWith(` ${containerId}`));
  }

  /** Whether that has happened to a call about a container. */
  has(call: BreakableCall, containerId: string): boolean {
    return this.#calls.has(`${call} ${containerId}`);
  }
}
