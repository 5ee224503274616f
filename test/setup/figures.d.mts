/** One line of a benchmark's table. */
export interface Figure {
  readonly bench: string;
  readonly case: string;
  readonly runtime: string;
  readonly ours: number;
  readonly peer: number;
  readonly ratio: number;
  readonly unit: string;
}
export function summary(rows: readonly Figure[]): string;
export function tables(rows: readonly Figure[]): string;
export function parseTables(text: string): Figure[];
