import assert from "node:assert/strict";
import { once } from "node:events";
import type { OtherProcess } from "../../plugins/testing/mod.ts";
import type { Daemon } from "../helpers/daemon.ts";
import { runScript, spawnScript } from "../helpers/runtime.ts";

const script = new URL("./contract-child.ts", import.meta.url);

/** Uses the containers of a daemon from a process of its own, on the runtime that runs this. */
export function otherProcess(daemon: () => Daemon): Required<OtherProcess> & {
  /** As `startPiped`, with a further process that copies its input in a container that runs. */
  readonly execPiped: (id: string, text: string) => Promise<string>;
} {
  const argumentsFor = (mode: string, id: string, argument: string) => {
    const { address, namespace, home } = daemon();
    return [mode, address, namespace, home, id, argument];
  };
  const untilKilled = async (args: readonly string[]) => {
    const child = spawnScript("current", script, args);
    try {
      assert.ok(child.stdout);
      const failed = once(child, "exit").then(([code, signal]) =>
        assert.fail(`The other process ended with ${code ?? signal} before it wrote anything`)
      );
      const [line] = await Promise.race([once(child.stdout, "data"), failed]);
      return String(line);
    } finally {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
  };
  return {
    inherit: async (id, program) => {
      const args = argumentsFor("inherit", id, JSON.stringify(program));
      const { code, stdout, stderr } = await runScript("current", script, args);
      assert.equal(code, 0, stderr);
      return { stdout, stderr };
    },
    startPiped: (id, text) => untilKilled(argumentsFor("start-piped", id, text)),
    execPiped: (id, text) => untilKilled(argumentsFor("exec-piped", id, text)),
  };
}
