import type { MemoryPrograms } from "../../memory/mod.ts";
import type { CallEntry } from "../recording.ts";
import { type Future, type Ids, keyOf } from "./future.ts";
import { Puppet } from "./puppet.ts";

/** What the processes of a replay run; the second argument says which one it is. */
const PROGRAM = "recorded";

/** The processes of a replay. */
export class Cast {
  /** Whether they do what was recorded, and not what programs of somebody else do. */
  readonly isScripted: boolean;
  readonly #future: Future;
  readonly #byIds = new Map<string, Puppet>();
  readonly #byHandle = new Map<number, Puppet>();

  /** @param future Tells what they do. */
  constructor(future: Future, options: { readonly isScripted: boolean }) {
    this.#future = future;
    this.isScripted = options.isScripted;
  }

  /** What a host must have for them. */
  get programs(): MemoryPrograms {
    return {
      [PROGRAM]: (context) => this.#byIds.get(context.args[1] ?? "")?.run(context) ?? 0,
      "not-executable": "not-executable",
    };
  }

  /** Those that have their ids now, by them. */
  get all(): readonly (readonly [Ids, Puppet])[] {
    return [...this.#byIds].map(([key, puppet]) => {
      const [containerId, processId] = key.split("/");
      return [{ containerId, processId }, puppet] as const;
    });
  }

  /** Takes one in, in place of the one that had its ids before. */
  add(ids: Ids): Puppet {
    const puppet = new Puppet();
    this.#byIds.set(keyOf(ids), puppet);
    return puppet;
  }

  /** Takes in what a call makes. */
  addFrom(call: CallEntry): void {
    const puppet = this.add(call);
    const { handle, value } = this.#future.returnOf(call.call) ?? {};
    if (handle !== undefined) this.#byHandle.set(handle, puppet);
    const pid = value?.["pid"];
    if (typeof pid === "number" && pid !== 0) puppet.recordedPid = pid;
  }

  /** The one of a handle, else the one that has these ids now; `undefined` if none are scripted. */
  of(on: number, ids: Ids): Puppet | undefined {
    return this.isScripted ? this.#byHandle.get(on) ?? this.#byIds.get(keyOf(ids)) : undefined;
  }

  /** The one that has these ids now, unless it was another one that had this process id. */
  withPid(ids: Ids, pid: unknown): Puppet | undefined {
    const puppet = this.isScripted ? this.#byIds.get(keyOf(ids)) : undefined;
    const isOther = puppet?.recordedPid !== undefined && pid !== 0 && puppet.recordedPid !== pid;
    return isOther ? undefined : puppet;
  }

  /** What a process runs. */
  args(ids: Ids, call?: CallEntry): readonly string[] {
    if (!this.isScripted) {
      const { args } = (call?.arguments["process"] ?? {}) as { readonly args?: unknown };
      return Array.isArray(args) ? args.map(String) : [];
    }
    const code = this.#future.startFailure(ids, call?.seq ?? 0);
    if (code === undefined) return [PROGRAM, keyOf(ids)];
    return [code === 126 ? "not-executable" : "missing"];
  }
}
