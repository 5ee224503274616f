import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startsSideBySide, StartTurns } from "../../plugins/containerd/start-turns.ts";

/** Starts that end when they are told to, and a log of those that have begun. */
class Starts {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();

  start(name: string): () => Promise<void> {
    const end = Promise.withResolvers<void>();
    this.#ends.set(name, end);
    return () => {
      this.begun.push(name);
      return end.promise;
    };
  }

  end(name: string, error?: Error): void {
    const end = this.#ends.get(name);
    if (error === undefined) end?.resolve();
    else end?.reject(error);
  }
}

/** Lets all that has nothing left to wait for go on. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("StartTurns", () => {
  it("take() starts one process of a container at a time where the shim needs that", async () => {
    const starts = new Starts();
    const turns = new StartTurns(() => Promise.resolve("1.6.20~ds1"));
    const taken = ["a", "b", "c"].map((name) => turns.take("web", starts.start(name)));
    await turns.take("other", () => Promise.resolve());
    await settled();
    assert.deepEqual(starts.begun, ["a"]);
    starts.end("a", new Error("failed"));
    await assert.rejects(async () => await taken[0], /failed/);
    await settled();
    assert.deepEqual(starts.begun, ["a", "b"]);
    starts.end("b");
    await taken[1];
    await settled();
    assert.deepEqual(starts.begun, ["a", "b", "c"]);
    starts.end("c");
    await taken[2];
  });

  it("take() starts processes side by side where the shim bears it, and asks once", async () => {
    const starts = new Starts();
    let asked = 0;
    const turns = new StartTurns(() => Promise.resolve(`v2.1.${asked++}`));
    const names = ["a", "b", "c"];
    const taken = names.map((name) => turns.take("web", starts.start(name)));
    await settled();
    assert.deepEqual(starts.begun, names);
    assert.equal(asked, 1);
    for (const name of names) starts.end(name);
    await Promise.all(taken);
  });

  it("take() does not ask for the version for a process that is alone", async () => {
    const turns = new StartTurns(() => Promise.reject(new Error("asked")));
    assert.equal(await turns.take("web", () => Promise.resolve(1)), 1);
    assert.equal(await turns.take("web", () => Promise.resolve(2)), 2);
  });

  it("take() starts one at a time as long as the version is not known, and asks again", async () => {
    const starts = new Starts();
    let asked = 0;
    const turns = new StartTurns(() =>
      ++asked === 1 ? Promise.reject(new Error("no answer")) : Promise.resolve("2.1.0")
    );
    const first = ["a", "b"].map((name) => turns.take("web", starts.start(name)));
    await settled();
    assert.deepEqual(starts.begun, ["a"]);
    const third = turns.take("web", starts.start("c"));
    await settled();
    assert.deepEqual(starts.begun, ["a", "c"]);
    for (const name of ["a", "b", "c"]) starts.end(name);
    await Promise.all([...first, third]);
    assert.deepEqual(starts.begun, ["a", "c", "b"]);
  });

  it("take() drops a start that is aborted before its turn, and lets the next one go on", async () => {
    const starts = new Starts();
    const turns = new StartTurns(() => Promise.resolve("1.6.20"));
    const abort = new AbortController();
    const first = turns.take("web", starts.start("a"));
    const second = turns.take("web", starts.start("b"), { signal: abort.signal });
    const third = turns.take("web", starts.start("c"));
    const reason = new Error("enough");
    abort.abort(reason);
    await assert.rejects(second, (error) => error === reason);
    starts.end("a");
    starts.end("c");
    await Promise.all([first, third]);
    assert.deepEqual(starts.begun, ["a", "c"]);
  });

  it("take() gives the outcome of a start that is aborted once it is under way", async () => {
    const turns = new StartTurns(() => Promise.resolve("1.6.20"));
    const abort = new AbortController();
    const end = Promise.withResolvers<string>();
    const begun = Promise.withResolvers<void>();
    const taken = turns.take("web", () => {
      begun.resolve();
      return end.promise;
    }, { signal: abort.signal });
    await begun.promise;
    abort.abort();
    end.resolve("started");
    assert.equal(await taken, "started");
  });
});

describe("startsSideBySide()", () => {
  const versions: Readonly<Record<string, boolean>> = {
    "1.5.18": false,
    "1.6.0": false,
    "1.6.20~ds1": false,
    "v1.6.21": false,
    "1.6.22": true,
    "v1.6.39": true,
    "1.7.0-rc.1": false,
    "1.7.2": false,
    "1.7.3": true,
    "1.7.24~ds1": true,
    "1.8.0": true,
    "v2.0.0": true,
    "2.1.9+unknown": true,
    "10.0.0": true,
    "": false,
    "unknown": false,
  };
  for (const [version, expected] of Object.entries(versions)) {
    it(`startsSideBySide() says ${expected} of "${version}"`, () => {
      assert.equal(startsSideBySide(version), expected);
    });
  }
});
