import { randomUUID } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { fileError } from "./file-error.ts";

/** Writes a file that only this user can read. Who reads it meanwhile sees the old text or the new. */
export function writePrivate(path: string, text: string): void {
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw fileError(`Cannot write "${path}"`, error);
  }
}
