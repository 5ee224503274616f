import {
  closeDebian,
  containerdVersions,
  ensureContainerd,
  ensureCriu,
  ensureRootfs,
  ensureRunc,
} from "./debian.mjs";
import { ensurePackages, ensureToolchain } from "./npm-packages.mjs";

/** Gets what the checks need, which run no container; quick when it is there already. */
export async function prepareChecks() {
  await ensurePackages({ production: false });
  await ensureToolchain();
}

/** Gets everything that the tests need; quick when it is there already. */
export async function prepare() {
  try {
    await prepareChecks();
    for (const version of containerdVersions) await ensureContainerd(version);
    await ensureRunc();
    await ensureRootfs();
    await ensureCriu();
  } finally {
    closeDebian();
  }
}

if (import.meta.url === `file://${process.argv[1]}`) await prepare();
