import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { found, runcDir } from "../../helpers/cache.ts";

/** The commands of runc that can be slowed down. */
export type SlowCommand = "create" | "start" | "exec";

/** How long a command waits, in milliseconds. */
export interface SlowDelays {
  /** Before runc does its work. */
  readonly beforeMs: number;
  /** After it. */
  readonly afterMs: number;
}

/** A `runc` whose commands take longer for some containers. */
export class SlowRunc {
  /** Folder to be searched first for `runc`. */
  readonly dir: string = mkdtempSync("/tmp/lcslowrunc-");

  constructor() {
    writeFileSync(`${this.dir}/runc`, script(this.dir, found(`${runcDir}/runc`)));
    chmodSync(`${this.dir}/runc`, 0o755);
  }

  /** Slows a command for one container down. */
  delay(command: SlowCommand, containerId: string, { beforeMs, afterMs }: SlowDelays): void {
    writeFileSync(
      `${this.dir}/${command}@${containerId}`,
      `${beforeMs / 1000} ${afterMs / 1000}\n`,
    );
  }

  /** Removes it. */
  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

// The id of the container is the last argument of each of these commands.
function script(dir: string, runc: string): string {
  return `#!/bin/sh
command=
for last in "$@"; do
  case $last in
    create|start|exec) if [ -z "$command" ]; then command=$last; fi;;
  esac
done
rule="${dir}/$command@$last"
case $last in */*) rule=/none;; esac
if [ -z "$command" ] || [ ! -e "$rule" ]; then exec '${runc}' "$@"; fi
read -r before after < "$rule"
sleep "$before"
'${runc}' "$@"
code=$?
sleep "$after"
exit $code
`;
}
