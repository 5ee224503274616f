/** Carries bytes through FIFOs in both directions with whatever permissions it was given. */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { chooseHost } from "../../plugins/fifo/choose-backend.ts";
import { FifoFolders } from "../../plugins/fifo/folder.ts";
import { fifo } from "../../plugins/fifo/mod.ts";
import { isContainerError } from "../../src/errors.ts";

const directory = String(process.argv[2]);
try {
  const { backend } = await chooseHost(new FifoFolders({ directory }));
  const session = await fifo({ directory }).prepare({
    containerId: "box",
    processId: "init",
    terminal: false,
    stdio: { stdin: "piped", stdout: "piped" },
    onStdinClosed: () => {},
  });
  const { paths, stdio } = session;
  const output = openSync(paths.stdout, constants.O_RDWR | constants.O_NONBLOCK);
  const input = openSync(paths.stdin, constants.O_RDWR | constants.O_NONBLOCK);
  session.release();
  writeSync(output, new TextEncoder().encode("out"));
  closeSync(output);
  const stdout = await new Response(stdio.stdout).text();
  const writer = stdio.stdin?.getWriter();
  await writer?.write(new TextEncoder().encode("in"));
  const buffer = new Uint8Array(10);
  let count = 0;
  while (count === 0) {
    try {
      count = readSync(input, buffer);
    } catch {
      await sleep(2);
    }
  }
  closeSync(input);
  await session.close();
  const stdin = new TextDecoder().decode(buffer.subarray(0, count));
  console.log(`${backend.name}: ${stdout}, ${stdin}`);
} catch (error) {
  if (!isContainerError(error)) throw error;
  console.log(`${error.code}: ${error.message}`);
}
