import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { cache } from "./paths.mjs";

const stampName = ".complete.json";

function isComplete(folder, recipe) {
  try {
    return JSON.parse(readFileSync(join(folder, stampName), "utf8")).recipe === recipe;
  } catch {
    return false;
  }
}

/**
 * Gives a folder of the cache, made by `make` when it is missing or was made by another recipe.
 * It appears whole or not at all, and two processes never make it twice.
 *
 * @param {string} name Path below the cache.
 * @param {string} recipe Changes when the content has to be made anew.
 * @param {(folder: string) => Promise<object>} make Fills a temporary folder; gives what the stamp
 * shall tell of it.
 * @returns {Promise<string>} The folder.
 */
export async function cachedFolder(name, recipe, make) {
  const folder = join(cache, name);
  if (isComplete(folder, recipe)) return folder;
  await withLock(join(cache, ".lock"), async () => {
    if (isComplete(folder, recipe)) return;
    removeAbandoned();
    const temporary = join(cache, `.new-${process.pid}-${name.replaceAll("/", "-")}`);
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    try {
      const facts = await make(temporary);
      writeFileSync(join(temporary, stampName), JSON.stringify({ recipe, ...facts }, null, 2));
      mkdirSync(join(folder, ".."), { recursive: true });
      // A rename cannot replace a folder that is not empty, and running tests may use the old one.
      if (existsSync(folder)) renameSync(folder, `${temporary}-old`);
      renameSync(temporary, folder);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
      rmSync(`${temporary}-old`, { recursive: true, force: true });
    }
  });
  return folder;
}

// What a set-up that was interrupted left behind; the names hold its process id.
function removeAbandoned() {
  for (const name of readdirSync(cache)) {
    const pid = /^\.(?:new|apt)-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
      rmSync(join(cache, name), { recursive: true, force: true });
    }
  }
}
