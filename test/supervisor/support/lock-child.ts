import { closeSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import process from "node:process";
import { OwnerLock } from "../../../plugins/supervisor/owner-lock.ts";
import { isContainerError } from "../../../src/errors.ts";

// Takes a lock again and again, and sees whether it is the only one that has it. Every other time it
// goes as a process that was killed does, which leaves its file behind.

const [directory = "", wanted = ""] = process.argv.slice(2);
const proof = `${directory}/proof`;
const dead = "4194305+1+no-such-boot+x"; // above the largest id that Linux has

let taken = 0;
while (taken < Number(wanted)) {
  let lock: OwnerLock;
  try {
    lock = OwnerLock.acquire(directory);
  } catch (error) {
    if (isContainerError(error, "conflict")) continue;
    throw error;
  }
  closeSync(openSync(proof, "wx")); // fails if another one has the lock
  rmSync(proof);
  taken++;
  if (taken % 2 === 0) lock.release();
  else {
    const place = `${directory}/owner`;
    for (const name of readdirSync(place)) renameSync(`${place}/${name}`, `${place}/${dead}`);
  }
}
console.log(`taken ${taken}`);
