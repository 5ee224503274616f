import { arch, platform } from "node:process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "./cached-folder.mjs";
import { run } from "./command.mjs";
import { cache } from "./paths.mjs";
import { PrivateApt, unpack } from "./private-apt.mjs";
import { step } from "./step.mjs";

/** The containerd versions that are tested, oldest first; any newer patch of each will do. */
export const containerdVersions = ["1.6", "1.7", "2.1"];

/** The version of containerd that is used where none is asked for. */
export const defaultContainerdVersion = "2.1";

// Where to look for a version: a suite moves on to newer ones as Debian does.
const suites = ["bookworm", "trixie", "forky", "sid"];

/**
 * Gets containerd, its shims and ctr of one version into the cache.
 *
 * @param {string} version Major and minor, for instance `1.7`.
 * @returns {Promise<string>} The folder of the programs.
 */
export async function ensureContainerd(version) {
  const folder = await ensurePackage(`containerd/${version}`, "containerd", version);
  return join(folder, "bin");
}

/** Gets the runc that serves every version of containerd; later ones need a newer C library. */
export async function ensureRunc() {
  return join(await ensurePackage("runc", "runc", "1.1", ["bookworm"]), "bin");
}

/** Gets a root file system with busybox, a shell and users. */
export function ensureRootfs() {
  return ensureFolder(
    "rootfs",
    "busybox root file system",
    ["bookworm"],
    "1",
    async (apt, folder) => {
      const [file] = await apt.download(["busybox-static"]);
      await withUnpacked(
        [file],
        folder,
        (unpacked) => makeRootfs(join(unpacked, "bin/busybox"), folder),
      );
      return { package: "busybox-static" };
    },
  );
}

/**
 * Gets CRIU for the checkpoint tests. The kernel may be newer than what Debian 12's CRIU knows, so
 * it is a later one, with the C library and the loader that it was built for.
 *
 * @returns {Promise<string>} The folder of a `criu` program.
 */
export async function ensureCriu() {
  const folder = await ensureFolder("criu", "CRIU", ["trixie"], "2", async (apt, folder) => {
    const files = await apt.downloadWithDependencies("criu");
    for (const file of files) await unpack(file, join(folder, "system"));
    const program = join(folder, "bin", "criu");
    mkdirSync(join(folder, "bin"));
    writeFileSync(program, criuWrapper);
    chmodSync(program, 0o755);
    const version = /\d+\.\d+(\.\d+)?/.exec(await checkProgram(program))?.[0];
    return { package: "criu", version };
  });
  return join(folder, "bin");
}

const criuWrapper = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")/../system
libraries=$here/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$here/usr/sbin/criu" "$@"
`;

function ensurePackage(cacheName, name, version, from = suites) {
  const title = `${name} ${version}`;
  return ensureFolder(cacheName, title, from, `1 ${version}`, async (apt, folder) => {
    const offered = await apt.versions(name);
    const wanted = offered.find((each) => each.startsWith(`${version}.`));
    if (wanted === undefined) {
      throw new Error(
        `Cannot find Debian package "${name}" ${version}: suites ${from.join(", ")} have ` +
          offered.join(", "),
      );
    }
    const [file] = await apt.download([`${name}=${wanted}`]);
    await withUnpacked([file], folder, (unpacked) => {
      const programs = join(folder, "bin");
      mkdirSync(programs);
      for (const source of [join(unpacked, "usr/bin"), join(unpacked, "usr/sbin")]) {
        for (const each of listFolder(source)) {
          copyFileSync(join(source, each), join(programs, each));
        }
      }
    });
    await checkProgram(join(folder, "bin", name));
    return { package: name, version: wanted };
  });
}

// A program built against a newer C library is found out here, and not by the first test.
function checkProgram(program) {
  return run(program, ["--version"], { purpose: `Cannot run "${program}" on this machine` });
}

async function withUnpacked(files, folder, action) {
  const unpacked = join(folder, ".unpacked");
  for (const file of files) await unpack(file, unpacked);
  await action(unpacked);
  rmSync(unpacked, { recursive: true, force: true });
}

function listFolder(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function ensureFolder(cacheName, title, from, recipe, make) {
  if (platform !== "linux" || arch !== "x64") {
    throw new Error(
      `Cannot get "${title}": this set-up is for Linux on x86-64, not ${platform} ${arch}`,
    );
  }
  return cachedFolder(
    cacheName,
    recipe,
    (folder) =>
      step(`Debian packages into .cache: ${title}`, async (note) => {
        note("package lists");
        const apt = await openApt(from);
        note("download");
        const facts = await make(apt, folder);
        note(facts.version ?? facts.package);
        return facts;
      }),
  );
}

// Package lists are read once for a run, each suite by itself: they are large.
const opened = new Map();

async function openApt(from) {
  const key = from.join("-");
  const known = opened.get(key);
  if (known !== undefined) return known;
  const apt = new PrivateApt(join(cache, `.apt-${process.pid}-${key}`), from);
  opened.set(key, apt);
  try {
    await apt.open();
    return apt;
  } catch (error) {
    opened.delete(key);
    apt.close();
    throw error;
  }
}

/** Drops the package lists that were read for this run. */
export function closeDebian() {
  for (const apt of opened.values()) apt.close();
  opened.clear();
}

async function makeRootfs(busybox, folder) {
  for (
    const name of [
      "bin",
      "dev",
      "etc",
      "home",
      "mnt",
      "proc",
      "root",
      "run",
      "sys",
      "tmp",
      "usr",
      "var",
    ]
  ) {
    mkdirSync(join(folder, name));
  }
  chmodSync(join(folder, "tmp"), 0o1777);
  copyFileSync(busybox, join(folder, "bin/busybox"));
  const applets = (await run(busybox, ["--list"])).split("\n");
  for (const applet of applets.filter((name) => name !== "" && name !== "busybox")) {
    symlinkSync("busybox", join(folder, "bin", applet));
  }
  for (const name of ["sbin", "usr/bin", "usr/sbin"]) {
    symlinkSync(name.includes("/") ? "../bin" : "bin", join(folder, name));
  }
  writeFileSync(
    join(folder, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n",
  );
  writeFileSync(join(folder, "etc/group"), "root:x:0:\nuser:x:1000:\n");
  writeFileSync(join(folder, "etc/hostname"), "container\n");
}
