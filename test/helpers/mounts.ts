import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The mount points below a folder, in the order in which they were mounted. */
export function mountsBelow(folder: string): readonly string[] {
  const points = readFileSync("/proc/self/mounts", "utf8").split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    // Spaces and the like are written as octal numbers.
    .map((text) =>
      text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)))
    );
  return points.filter((point) => point.startsWith(`${folder}/`));
}

/** Takes a mount away, later if it is in use. */
export function unmountSync(point: string): void {
  try {
    execFileSync("umount", ["--", point], { stdio: "ignore" });
  } catch {
    execFileSync("umount", ["--lazy", "--", point], { stdio: "ignore" });
  }
}
