import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the repository. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What is downloaded or built for tests; git-ignored, safe to delete. */
export const cache = join(root, ".cache");

/** Manifest and packages of the JavaScript runtimes. */
export const toolchain = join(root, "test", "setup", "toolchain");
