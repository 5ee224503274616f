import {
  closeDebian,
  containerdVersions,
  ensureContainerd,
  ensureCriu,
  ensureRootfs,
  ensureRunc,
} from "./debian.mjs";
import { ensurePackages, ensureToolchain } from "./npm-packages.mjs";

/** Gets everything that the tests need; quick when it is there already. */
export async function prepare() {
  try {
    await ensurePackages({ production: false });
    await ensureToolchain();
    for (const version of containerdVersions) await ensureContainerd(version);
    await ensureRunc();
    await ensureRootfs();
    await ensureCriu();
  } finally {
    closeDebian();
  }
}

if (import.meta.url === `file://${process.argv[1]}`) await prepare();
