import assert from "node:assert/strict";
import { Client } from "../../src/client.ts";
import type { ClientOptions } from "../../src/client-options.ts";
import { type ErrorCode, isContainerError } from "../../src/errors.ts";
import type { Process } from "../../src/oci/spec.ts";
import { Registry } from "../../src/registry.ts";
import { fakePlugin, FakeRuntime, type FakeTask } from "./fake-runtime.ts";

/** A shim that the fake runtime serves. */
export const shim = "io.example.fake.v1";
/** A process for it. */
export const process: Process = { cwd: "/", args: ["sh"] };
/** Whether an error has a code, for `assert.rejects()`. */
export function withCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isContainerError(error, code);
}

/** A client of a fake runtime. */
export interface FakeClient {
  /** What the client calls. */
  readonly runtime: FakeRuntime;
  /** The client. */
  readonly client: Client;
  /** The task of a container, which there must be. */
  readonly taskOf: (id: string) => FakeTask;
}

/** Makes a client of a fake runtime. */
export function makeClient(options?: ClientOptions): FakeClient {
  const runtime = new FakeRuntime();
  const client = new Client(new Registry({}, { fallback: fakePlugin(runtime) }), options);
  const taskOf = (id: string): FakeTask => {
    const task = runtime.containers.get(id)?.current;
    assert.ok(task, `no task of "${id}"`);
    return task;
  };
  return { runtime, client, taskOf };
}

/** Resolves with the next call that a hook sees, which goes on when the test says so. */
export function holdAt(
  runtime: FakeRuntime,
  wanted: string,
): { readonly arrived: Promise<void>; readonly release: () => void } {
  const arrived = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  runtime.hook = async (call) => {
    if (call !== wanted) return;
    arrived.resolve();
    await gate.promise;
  };
  return { arrived: arrived.promise, release: () => gate.resolve() };
}
