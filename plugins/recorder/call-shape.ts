import type { RecordedMethod } from "./methods.ts";
import type { RecordedObject } from "./recording.ts";

/** A method of a handle. */
export type Method = (...args: readonly unknown[]) => unknown;

/** Whom a call is about, and what it gives. */
export interface CallShape {
  /** What is called. */
  readonly method: RecordedMethod;
  /** Which argument has the signal. */
  readonly optionsAt: number;
  /** The container, where the handle is not that of one, from the arguments. */
  readonly containerId?: (args: readonly unknown[]) => unknown;
  /** The process, where the handle is not that of one, from the arguments. */
  readonly processId?: (args: readonly unknown[]) => unknown;
  /** What is taken down of what it gives. */
  readonly value?: (value: unknown) => RecordedObject | undefined;
  /** Which kind of handle it gives. */
  readonly gives?: "container" | "task" | "process";
  /** To be awaited before it is called. */
  readonly before?: (signal: AbortSignal | undefined) => Promise<void>;
}

/** A handle that calls are made on. */
export interface Owner {
  /** Its number. */
  readonly on: number;
  /** The container it is of. */
  readonly containerId?: string;
  /** The process it is of. */
  readonly processId?: string;
}

/** A member of something that may be no object. */
export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Record<string, unknown>)[name];
}

/** The signal among the options of a call. */
export function signalOf(options: unknown): AbortSignal | undefined {
  const signal = memberOf(options, "signal");
  return signal instanceof AbortSignal ? signal : undefined;
}
