import { spawn } from "node:child_process";

/**
 * Runs a command to its end and gives its output; throws with the output when it fails.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, purpose?: string }} options `purpose` opens the
 * error message, for instance `Cannot download "runc"`.
 * @returns {Promise<string>} Its standard output.
 */
export function run(file, args, { cwd, env, purpose } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let errors = "";
    child.stdout.on("data", (chunk) => output += chunk);
    child.stderr.on("data", (chunk) => errors += chunk);
    const title = purpose ?? `Cannot run "${file} ${args[0] ?? ""}"`;
    child.on("error", (error) => reject(new Error(`${title}: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const how = signal === null ? `exit code ${code}` : signal;
      reject(new Error(`${title}: ${how}\n${output}${errors}`.trimEnd()));
    });
  });
}

/** Runs a command and tells whether it exited with 0; its output is dropped. */
export async function succeeds(file, args, options) {
  try {
    await run(file, args, options);
    return true;
  } catch {
    return false;
  }
}
