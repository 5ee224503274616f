import { defaultContainerdVersion } from "./debian.mjs";
import { findTestFiles } from "./test-files.mjs";

/** The runtimes that meet every version of containerd; the others meet the newest. */
const fullRuntimes = ["node24", "deno", "bun"];

/**
 * The test jobs of a run: each some test files on one runtime against one version of containerd.
 *
 * @returns {{ name: string, runtime: string, version: string, files: string[] }[]}
 */
export function testJobs({ runtimes, versions, groups, paths }) {
  const files = findTestFiles(paths);
  const jobs = [];
  const add = (group, runtime, version) => {
    if (!groups.includes(group) || files[group].length === 0) return;
    const name = group === "containerd"
      ? `containerd ${version} on ${runtime}`
      : `${group} on ${runtime}`;
    jobs.push({ name, runtime, version, files: files[group] });
  };
  // The one runtime that the tests run on whose outcome does not depend on it.
  const [first] = runtimes.includes("node24") ? ["node24"] : runtimes;
  add("package", first, defaultContainerdVersion);
  for (const runtime of runtimes) add("unit", runtime, defaultContainerdVersion);
  add("edge", first, defaultContainerdVersion);
  for (const version of [...versions].reverse()) {
    for (const runtime of runtimes) {
      const isWanted = fullRuntimes.includes(runtime) || version === defaultContainerdVersion;
      if (isWanted) add("containerd", runtime, version);
    }
  }
  return jobs;
}
