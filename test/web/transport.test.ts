import { createClient, type Interceptor } from "@connectrpc/connect";
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { describe, it } from "node:test";
import { toContainerError } from "../../plugins/rpc/errors.ts";
import type { WebOptions } from "../../plugins/web/mod.ts";
import { Content } from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { grpcWebHeaders, okTrailer } from "./misbehaving-server.ts";
import { answerVersion, errorOf, withServer } from "./with-server.ts";

describe("transport of web()", () => {
  it("headers are sent with each request, a function is asked for each", async () => {
    const seen: (string | undefined)[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(request.headers.authorization);
      answerVersion(response);
    };
    await withServer(listener, { headers: { authorization: "fixed" } }, async ({ transport }) => {
      await createClient(Version, transport).version({});
    });
    let calls = 0;
    const headers = () => Promise.resolve({ authorization: `token ${++calls}` });
    await withServer(listener, { headers }, async ({ transport }) => {
      await createClient(Version, transport).version({});
      await createClient(Version, transport).version({});
    });
    // The first token went with the question for health.
    assert.deepEqual(seen, ["fixed", "token 2", "token 3"]);
  });

  it("headers of a call win over those of the options", async () => {
    const seen: unknown[] = [];
    const headers = { "containerd-namespace": "options", "x-other": "kept" };
    await withServer(
      (request, response) => {
        seen.push(request.headers["containerd-namespace"], request.headers["x-other"]);
        answerVersion(response);
      },
      { headers },
      async ({ transport }) => {
        const own = { headers: { "containerd-namespace": "call" } };
        await createClient(Version, transport).version({}, own);
      },
    );
    assert.deepEqual(seen, ["call", "kept"]);
  });

  it("headers that cannot be made fail the call with unavailable", async () => {
    let asked = 0;
    const headers = () => {
      if (asked++ === 0) return {};
      throw new Error("no token");
    };
    await withServer(
      (_, response) => answerVersion(response),
      { headers },
      async (rpc, baseUrl) => {
        const error = await errorOf(createClient(Version, rpc.transport).version({}));
        assert.equal(error.code, "unavailable");
        assert.equal(
          error.message,
          `Cannot try: cannot make headers for "${baseUrl}": no token`,
        );
      },
    );
  });

  it("headers that are being made are told of an abort", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    let asked = 0;
    const headers: WebOptions["headers"] = ({ signal }) =>
      asked++ === 0 ? {} : new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
        stop.abort(reason);
      });
    await withServer((_, response) => answerVersion(response), { headers }, async (rpc) => {
      const { signal } = stop;
      const call = createClient(Version, rpc.transport).version({}, { signal });
      await assert.rejects(
        call.catch((error: unknown) => {
          throw toContainerError(error, { action: "Cannot try", plugin: "test", signal });
        }),
        (error) => error === reason,
      );
    });
  });

  it("interceptors wrap unary calls and streams", async () => {
    const seen: string[] = [];
    const intercept: Interceptor = (next) => (request) => {
      seen.push(request.method.name);
      return next(request);
    };
    await withServer(
      (request, response) => {
        if (request.url?.includes("Version")) answerVersion(response);
        else response.writeHead(200, grpcWebHeaders).end(okTrailer);
      },
      { interceptors: [intercept] },
      async ({ transport }) => {
        await createClient(Version, transport).version({});
        for await (const _ of createClient(Events, transport).subscribe({}));
      },
    );
    assert.deepEqual(seen, ["Check", "Version", "Subscribe"]);
  });

  it("fetch is used where one is given, with credentials only where they are asked for", async () => {
    const seen: RequestInit[] = [];
    const own: typeof fetch = (input, init) => {
      seen.push(init ?? {});
      return fetch(input, init);
    };
    const options = { fetch: own, credentials: "omit" } as const;
    await withServer((_, response) => answerVersion(response), { fetch: own }, async () => {});
    await withServer((_, response) => answerVersion(response), options, async () => {});
    assert.deepEqual(seen.map(({ redirect }) => redirect), ["manual", "manual"]);
    assert.deepEqual(seen.map((init) => "credentials" in init), [false, true]);
    assert.equal(seen[1]?.credentials, "omit");
  });

  it("a redirect in the midst fails the call with unavailable", async () => {
    await withServer(
      (_, response) => void response.writeHead(302, { location: "/login" }).end(),
      {},
      async ({ transport }) => {
        const error = await errorOf(createClient(Version, transport).version({}));
        assert.equal(error.code, "unavailable");
        assert.match(error.message, /redirected to "\/login" \(HTTP 302\)$/);
      },
    );
  });

  it("a request that is a stream is unimplemented, and not sent", async () => {
    let arrived = 0;
    await withServer(() => void arrived++, {}, async ({ transport }) => {
      const writes = (async function* () {})();
      const stream = createClient(Content, transport).write(writes);
      const error = await errorOf(stream[Symbol.asyncIterator]().next());
      assert.equal(error.code, "unimplemented");
      assert.match(error.message, /containerd\.services\.content\.v1\.Content\/Write/);
    });
    assert.equal(arrived, 0);
  });
});
