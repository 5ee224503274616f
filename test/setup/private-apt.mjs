import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";

const distributionKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * Debian packages of any suite, by the machine's own mirror, proxy and keys, without touching its
 * package state: lists, cache, sources and the record of what is installed are all our own.
 */
export class PrivateApt {
  #folder;
  #suites;
  #source;
  #keyring;
  #environment;

  /**
   * @param {string} folder Where its state is kept.
   * @param {readonly string[]} suites Names of the suites it reads, for instance `["trixie"]`.
   */
  constructor(folder, suites) {
    this.#folder = folder;
    this.#suites = suites;
  }

  /** Reads the machine's settings and downloads the package lists. */
  async open() {
    for (const name of ["lists/partial", "cache/archives/partial", "state"]) {
      mkdirSync(join(this.#folder, name), { recursive: true });
    }
    writeFileSync(join(this.#folder, "installed"), "");
    await this.#writeSettings();
    this.#source = await findMirror();
    this.#keyring = this.#source.keyring;
    try {
      await this.#update(this.#suites);
    } catch (error) {
      if (!/NO_PUBKEY|not signed/.test(error.message)) throw error;
      // The machine's keys are older than the suite. The package of its own release, checked with
      // the keys it has, brings newer ones.
      await this.#update([this.#source.release]);
      const [file] = await this.download(["debian-archive-keyring"], [this.#source.release]);
      const unpacked = join(this.#folder, "keyring");
      await unpack(file, unpacked);
      this.#keyring = join(unpacked, distributionKeyring);
      await this.#update(this.#suites);
    }
  }

  /** The versions of a package that the suites hold. */
  async versions(name) {
    const rows = await this.#run("apt-cache", ["madison", name], this.#suites);
    const columns = rows.split("\n").map((row) => row.split("|").map((cell) => cell.trim()));
    return [...new Set(columns.filter((row) => row.length === 3).map((row) => row[1]))];
  }

  /**
   * Downloads packages; apt checks their sums against the signed lists.
   *
   * @param {readonly string[]} packages Names, or `name=version`.
   * @returns {Promise<string[]>} The .deb files.
   */
  download(packages, suites = this.#suites) {
    return this.#fetch("apt-get", ["download", ...packages], packages, suites);
  }

  /** Downloads a package and everything it depends on, down to the C library. */
  downloadWithDependencies(name, suites = this.#suites) {
    const args = ["--download-only", "--yes", "--no-install-recommends", "install", name];
    return this.#fetch("apt-get", args, [name], suites);
  }

  /** Removes lists and downloads. */
  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #fetch(command, args, names, suites) {
    const archives = join(this.#folder, "cache", "archives");
    rmSync(archives, { recursive: true, force: true });
    mkdirSync(join(archives, "partial"), { recursive: true });
    const purpose = `Cannot download Debian package "${names.join('", "')}"`;
    await this.#run(command, args, suites, { cwd: archives, purpose });
    const files = readdirSync(archives).filter((file) => file.endsWith(".deb"));
    if (files.length === 0) throw new Error(`${purpose}: apt gave no file`);
    return files.sort().map((file) => join(archives, file));
  }

  async #update(suites) {
    const purpose = "Cannot read Debian's package lists";
    const output = await this.#run("apt-get", ["update", "--error-on=any"], suites, { purpose });
    if (/^(W|E): /m.test(output)) throw new Error(`${purpose}: ${output}`);
  }

  #run(command, args, suites, options = {}) {
    const list = join(this.#folder, `${suites.join("-")}.list`);
    const lines = suites.map((suite) =>
      `deb [signed-by=${this.#keyring}] ${this.#source.uri} ${suite} main\n`
    );
    writeFileSync(list, lines.join(""));
    const settings = ["-q", "-o", `Dir::Etc::sourcelist=${list}`];
    return run(command, [...settings, ...args], { ...options, env: this.#environment });
  }

  // Only how to fetch is taken from the machine; its hooks would clean its own cache.
  async #writeSettings() {
    const dump = await run("apt-config", ["dump"]);
    const kept = dump.split("\n").filter((line) => /^(Acquire|APT::Architectures?)\b/.test(line));
    const own = {
      "Dir::State": join(this.#folder, "state"),
      "Dir::State::lists": join(this.#folder, "lists"),
      "Dir::State::status": join(this.#folder, "installed"),
      "Dir::Cache": join(this.#folder, "cache"),
      "Dir::Cache::archives": join(this.#folder, "cache", "archives"),
      "Dir::Log": join(this.#folder, "state"),
      "Dir::Etc::sourceparts": "/dev/null",
      "Dir::Etc::main": "/dev/null",
      "Dir::Etc::parts": "/dev/null",
      "Dir::Etc::preferences": "/dev/null",
      "Dir::Etc::preferencesparts": "/dev/null",
      "Acquire::Languages": "none",
      "Acquire::Retries": "3",
      // The cache may lie where apt's own user cannot read.
      "APT::Sandbox::User": "root",
    };
    const lines = Object.entries(own).map(([key, value]) => `${key} "${value}";`);
    const file = join(this.#folder, "apt.conf");
    writeFileSync(file, [...kept, ...lines, ""].join("\n"));
    this.#environment = {
      ...process.env,
      APT_CONFIG: file,
      LC_ALL: "C",
      DEBIAN_FRONTEND: "noninteractive",
    };
  }
}

/** Unpacks a .deb into a folder. */
export async function unpack(file, folder) {
  mkdirSync(folder, { recursive: true });
  await run("dpkg-deb", ["-x", file, folder], { purpose: `Cannot unpack "${file}"` });
}

// The machine's source of its own Debian release: other suites are beside it on the same mirror.
async function findMirror() {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const targets = (await run("apt-get", ["indextargets"])).split("\n\n").map(readFields);
  const own = targets.filter((target) =>
    target["Created-By"] === "Packages" && target.Component === "main"
  );
  const names = [release, "stable", "oldstable", "testing", "unstable", "sid"];
  const target = names.map((name) => own.find((each) => each.Release === name))
    .find((each) => each !== undefined);
  if (target === undefined) {
    const seen = own.map((each) => each.Release).join(", ");
    throw new Error(`Cannot find a Debian mirror in apt's sources: suites are "${seen}"`);
  }
  const keyring = [target["Signed-By"], distributionKeyring].find((file) =>
    file !== undefined && file.startsWith("/") && existsSync(file)
  );
  if (keyring === undefined) throw new Error(`Cannot find "${distributionKeyring}": no such file`);
  return { uri: target["Repo-URI"], release: target.Release, keyring };
}

function readFields(text) {
  const rows = text.split("\n").map((line) => /^([A-Za-z-]+): (.*)$/.exec(line));
  return Object.fromEntries(rows.filter((row) => row !== null).map((row) => [row[1], row[2]]));
}
