/** What one test came to. */
export interface Result {
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  readonly reason?: string;
}
export function readNodeReport(text: string): Result[];
export function readJunitReport(text: string): Result[];
export function skipReasonIn(source: string, name: string): string | undefined;
