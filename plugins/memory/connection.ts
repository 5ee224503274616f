import type { ProcessNote } from "../../src/event-source.ts";
import type { HostInside } from "./host.ts";
import type { Link } from "./link.ts";

/** What the handles of one client share. */
export interface Connection {
  /** Leads to the host. */
  readonly link: Link;
  /** The host, for what is not asked over the connection: streams, files and checkpoints. */
  readonly host: HostInside;
  /** How long output may stay open after the end of its process, in milliseconds. */
  readonly drainBudgetMs: number;
  /** Is told what handles learn. */
  readonly notes: Set<(note: ProcessNote) => void>;
}
