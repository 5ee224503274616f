import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { found, runcDir } from "./cache.ts";
import { eventually } from "./eventually.ts";

/** The commands of runc that can be held or made to fail. */
export type RuncCommand =
  | "checkpoint"
  | "create"
  | "delete"
  | "exec"
  | "kill"
  | "pause"
  | "ps"
  | "restore"
  | "resume"
  | "start"
  | "state"
  | "update";

/** Limits a rule to one container; without it the rule is for all of them. */
export interface RuncRuleOptions {
  /** Id of the container. */
  readonly containerId?: string;
}

/** A command of runc that waits. */
export interface RuncGate {
  /** Resolves when runc has come to the gate; rejects after `budgetMs` (30 s). */
  arrived(budgetMs?: number): Promise<void>;
  /** Lets runc, and every later one, go on. Idempotent. */
  release(): void;
}

/**
 * A `runc` that does what the real one does, and in between what a test wants. It makes races with
 * a real daemon happen in a given order.
 */
export class WrappedRunc {
  /** For {@linkcode DaemonOptions.runcDir}. */
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Stops a command at its beginning (`before`), or when runc has done its work (`after`). */
  hold(command: RuncCommand, when: "before" | "after", options: RuncRuleOptions = {}): RuncGate {
    const rule = this.#rule(command, options);
    writeFileSync(rule, `hold-${when}\n`);
    return {
      arrived: (budgetMs = 30_000) =>
        eventually(`runc comes to "${command}"`, () => existsSync(`${rule}.arrived`), { budgetMs }),
      release: () => rmSync(rule, { force: true }),
    };
  }

  /**
   * Makes a command fail with a message, without calling runc, until {@linkcode clear}; but not
   * `delete --force`, by which containerd clears away on its own and does not try again.
   */
  fail(command: RuncCommand, message: string, options: RuncRuleOptions = {}): void {
    writeFileSync(this.#rule(command, options), `fail ${message}\n`);
  }

  /**
   * Kills the next call of a command after so many milliseconds, whatever it has done by then; but
   * not `delete --force`, as with {@linkcode fail}.
   */
  kill(command: RuncCommand, afterMs: number, options: RuncRuleOptions = {}): void {
    writeFileSync(this.#rule(command, options), `kill ${(afterMs / 1000).toFixed(3)}\n`);
  }

  /** Takes the rule of a command away. */
  clear(command: RuncCommand, options: RuncRuleOptions = {}): void {
    rmSync(this.#rule(command, options), { force: true });
  }

  /** The arguments of every call so far, oldest first. */
  calls(): readonly string[] {
    return readFileSync(`${this.dir}/calls`, "utf8").split("\n").filter((line) => line !== "");
  }

  /** Lets everything go on that waits, and removes the wrapper. */
  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #rule(command: RuncCommand, { containerId }: RuncRuleOptions): string {
    return `${this.dir}/rules/${command}${containerId === undefined ? "" : `@${containerId}`}`;
  }
}

/** Makes a wrapper of runc; until a rule is set it only calls the real one. */
export function wrapRunc(): WrappedRunc {
  const dir = mkdtempSync("/tmp/lcrunc-");
  mkdirSync(`${dir}/rules`);
  writeFileSync(`${dir}/calls`, "");
  writeFileSync(`${dir}/runc`, script(dir, found(`${runcDir}/runc`)));
  chmodSync(`${dir}/runc`, 0o755);
  return new WrappedRunc(dir);
}

// The shim takes the message of a failed runc from its log, so that is where it is written.
function script(dir: string, runc: string): string {
  return `#!/bin/sh
rules='${dir}/rules'
echo "$*" >> '${dir}/calls'
command=
log=
previous=
for argument in "$@"; do
  if [ "$previous" = --log ]; then log=$argument; fi
  case $argument in
    checkpoint|create|delete|exec|kill|pause|ps|restore|resume|start|state|update)
      if [ -z "$command" ]; then command=$argument; fi;;
  esac
  previous=$argument
done
rule=$rules/$command
for argument in "$@"; do
  case $argument in
    */*) ;;
    *) if [ -e "$rules/$command@$argument" ]; then rule=$rules/$command@$argument; fi;;
  esac
done
action=
if [ -n "$command" ] && [ -e "$rule" ]; then read -r action message < "$rule"; fi
case "$action $command $*" in
  "kill delete "*" --force "*|"fail delete "*" --force "*) action=;;
esac
wait_at_gate() {
  : > "$rule.arrived"
  while [ -e "$rule" ]; do sleep 0.01; done
}
case $action in
  fail)
    if [ -n "$log" ]; then printf '{"level":"error","msg":"%s"}\\n' "$message" >> "$log"; fi
    echo "$message" >&2
    exit 1;;
  kill)
    rm -f "$rule"
    # A command in the background has no input but what is passed on to it.
    exec 9<&0
    '${runc}' "$@" <&9 9<&- &
    child=$!
    exec 9<&-
    [ "$message" = 0.000 ] || sleep "$message"
    kill -9 $child 2> /dev/null
    wait $child
    exit $?;;
  hold-before)
    wait_at_gate;;
  hold-after)
    '${runc}' "$@"
    code=$?
    wait_at_gate
    exit $code;;
esac
exec '${runc}' "$@"
`;
}
