import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { root } from "./paths.mjs";

const groups = new Set();

/**
 * Runs a command in a process group of its own, its output in a file.
 *
 * @param {readonly string[]} command Program and arguments.
 * @param {{ log: string, env?: object, budgetMs: number, cwd?: string }} options After `budgetMs`
 * the whole group is killed.
 * @returns {Promise<{ code: number | null, problem: string | undefined }>} `problem` says what went
 * wrong other than by its exit code.
 */
export function runInGroup([program, ...args], { log, env, budgetMs, cwd = root }) {
  return new Promise((resolve) => {
    const output = openSync(log, "a");
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", output, output],
      detached: true,
    });
    closeSync(output);
    let problem;
    const timer = setTimeout(() => {
      problem = `did not end in ${Math.round(budgetMs / 1000)} s`;
      killGroup(child.pid);
    }, budgetMs);
    if (child.pid !== undefined) groups.add(child.pid);
    const finish = (code) => {
      clearTimeout(timer);
      // Children that a test left behind would disturb the next one.
      if (child.pid !== undefined) killGroup(child.pid);
      groups.delete(child.pid);
      resolve({ code, problem });
    };
    child.on("error", (error) => {
      problem = error.message;
      finish(null);
    });
    child.on("exit", (code, signal) => {
      if (signal !== null) problem ??= `ended by ${signal}`;
      finish(code);
    });
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of it runs any more.
  }
}

/** Ends all commands that run, when this process is told to end. */
export function endGroupsOnSignals() {
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15], ["SIGHUP", 1]]) {
    process.on(signal, () => {
      for (const pid of groups) killGroup(pid);
      process.exit(128 + number);
    });
  }
}
