/** Test files that run on one runtime against one version of containerd. */
export interface TestJob {
  readonly name: string;
  readonly runtime: string;
  readonly version: string;
  readonly files: readonly string[];
}

/** What a run is asked for. */
export interface TestSelection {
  readonly runtimes: readonly string[];
  readonly versions: readonly string[];
  readonly groups: readonly string[];
  readonly paths: readonly string[];
}

/** The test jobs of a run. */
export function testJobs(selection: TestSelection): TestJob[];
