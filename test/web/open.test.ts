import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { describe, it } from "node:test";
import { web, type WebOptions } from "../../plugins/web/mod.ts";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import { frame, grpcWebHeaders, MisbehavingServer, okTrailer } from "./misbehaving-server.ts";

/** Opens a connection to a server that answers so, and gives the error. */
async function refusal(
  listener: RequestListener,
  options: Omit<WebOptions, "baseUrl"> = {},
): Promise<{ readonly error: ContainerError; readonly baseUrl: string }> {
  const server = await MisbehavingServer.start(listener);
  try {
    const { baseUrl } = server;
    const opening = web({ baseUrl, ...options })();
    const rpc = await opening.then(
      (rpc) => rpc,
      (error: unknown) => {
        if (!(error instanceof ContainerError)) throw error;
        return error;
      },
    );
    if (rpc instanceof ContainerError) return { error: rpc, baseUrl };
    await rpc[Symbol.asyncDispose]();
    return assert.fail("opened");
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** Opens a connection to a server that answers so, and closes it. */
async function opens(
  listener: RequestListener,
  options: Omit<WebOptions, "baseUrl"> = {},
): Promise<void> {
  const server = await MisbehavingServer.start(listener);
  try {
    const rpc = await web({ baseUrl: server.baseUrl, ...options })();
    await rpc[Symbol.asyncDispose]();
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

/** Answers the question for health, and that for the version, each with a status of gRPC. */
function statuses(health: number, version: number): RequestListener {
  return (request, response) => {
    const status = request.url?.includes("Health") ? health : version;
    response.writeHead(200, grpcWebHeaders);
    if (status === 0) response.write(frame(0, new Uint8Array(0)));
    response.end(frame(0x80, `grpc-status: ${status}\r\ngrpc-message: as told\r\n`));
  };
}

describe("web()", () => {
  const bad: readonly [string, Partial<WebOptions>, string][] = [
    ["what is no URL", { baseUrl: "containers.example" }, "baseUrl"],
    ["another scheme", { baseUrl: "unix:///run/containerd.sock" }, "baseUrl"],
    ["a query", { baseUrl: "http://127.0.0.1/?a=b" }, "baseUrl"],
    ["a fragment", { baseUrl: "http://127.0.0.1/#a" }, "baseUrl"],
    ["an unknown protocol", { protocol: "grpc" as "connect" }, "protocol"],
    ["a header name with a space", { headers: { "a b": "c" } }, "headers.a b"],
    ["a header value with a line break", { headers: { token: "a\nb" } }, "headers.token"],
    ["no bytes for a message", { maxMessageBytes: 0 }, "maxMessageBytes"],
    ["a part of a byte", { maxMessageBytes: 1.5 }, "maxMessageBytes"],
    ["a misspelt option", { header: {} } as Partial<WebOptions>, "header"],
    ["no time", { connectTimeoutMs: 0 }, "connectTimeoutMs"],
    ["more time than a timer has", { connectTimeoutMs: 2 ** 31 }, "connectTimeoutMs"],
  ];
  for (const [what, options, field] of bad) {
    it(`web() refuses ${what} with invalid_argument`, () => {
      assert.throws(
        () => web({ baseUrl: "http://127.0.0.1", ...options }),
        (error) => isContainerError(error, "invalid_argument") && error.field === field,
      );
    });
  }

  it("web() refuses credentials in the URL, and does not repeat them", () => {
    assert.throws(
      () => web({ baseUrl: "http://user:secret@127.0.0.1" }),
      (error) => {
        assert.ok(isContainerError(error, "invalid_argument"));
        assert.equal(error.field, "baseUrl");
        assert.doesNotMatch(error.message, /user|secret/);
        return true;
      },
    );
  });

  it("web() does not repeat the value of a bad header", () => {
    assert.throws(
      () => web({ baseUrl: "http://127.0.0.1", headers: { authorization: "Bearer s\u0000cret" } }),
      (error) => error instanceof Error && !/cret/.test(error.message),
    );
  });
});

describe("web()()", () => {
  it("web()() fails with unavailable where nobody listens", async () => {
    const server = await MisbehavingServer.start(() => {});
    const { baseUrl } = server;
    await server[Symbol.asyncDispose]();
    await assert.rejects(web({ baseUrl })(), (error) => {
      assert.ok(isContainerError(error, "unavailable"));
      assert.ok(error.message.startsWith(`Cannot reach "${baseUrl}": `), error.message);
      assert.match(error.message, /refused|unable to connect/i);
      assert.equal(error.plugin, "web");
      return true;
    });
  });

  const answers: readonly [string, RequestListener, string, RegExp][] = [
    [
      "a redirect",
      (_, response) => void response.writeHead(307, { location: "http://127.0.0.1:1/x" }).end(),
      "unavailable",
      /^Cannot call "http:\S+": redirected to "http:\/\/127\.0\.0\.1:1\/x" \(HTTP 307\)$/,
    ],
    [
      "a page",
      (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("Hello"),
      "unavailable",
      /^Cannot call "http:\S+": server does not speak grpc-web \(it answered "text\/html"\)$/,
    ],
    [
      "HTTP 404",
      (_, response) => void response.writeHead(404).end(),
      "unimplemented",
      /^Cannot connect to "http:\S+": HTTP 404$/,
    ],
    [
      "HTTP 401",
      (_, response) => void response.writeHead(401).end(),
      "unauthenticated",
      /: HTTP 401$/,
    ],
    [
      "HTTP 503",
      (_, response) => void response.writeHead(503).end(),
      "unavailable",
      /: HTTP 503$/,
    ],
    [
      "a connection that ends",
      (request) => void request.socket.destroy(),
      "unavailable",
      /^Cannot reach "http:\S+": /,
    ],
    [
      "half a message",
      (_, response) => {
        response.writeHead(200, grpcWebHeaders);
        response.end(frame(0, "whole").subarray(0, 7));
      },
      "unavailable",
      /^Lost connection to "http:\S+": answer is incomplete$/,
    ],
    [
      "no trailer",
      (_, response) => void response.writeHead(200, grpcWebHeaders).end(frame(0, "")),
      "unavailable",
      /^Lost connection to "http:\S+": answer is incomplete$/,
    ],
    ["unavailable, told by the proxy", statuses(14, 0), "unavailable", /: as told$/],
    ["permission_denied for all", statuses(7, 7), "permission_denied", /: as told$/],
  ];
  for (const [what, listener, code, message] of answers) {
    it(`web()() fails where the answer is ${what}`, async () => {
      const { error } = await refusal(listener);
      assert.equal(error.code, code);
      assert.match(error.message, message);
    });
  }

  it("web()() does not follow a redirect", async () => {
    let followed = 0;
    await refusal((request, response) => {
      if (request.url === "/elsewhere") followed++;
      response.writeHead(308, { location: "/elsewhere" }).end();
    });
    assert.equal(followed, 0);
  });

  it("web()() takes any answer to the question for health for a sign of life", async () => {
    await opens(statuses(0, 14));
    await opens(statuses(12, 14));
    await opens(statuses(5, 14));
  });

  it("web()() asks for the version where health is not offered or not allowed", async () => {
    await opens(statuses(7, 0));
    await opens((request, response) => {
      if (request.url?.includes("Health")) return void response.writeHead(404).end();
      response.writeHead(200, grpcWebHeaders).end(Buffer.concat([frame(0, ""), okTrailer]));
    });
  });

  it("web()() gives up on a silent server after connectTimeoutMs", async () => {
    const { error } = await refusal(() => {}, { connectTimeoutMs: 50 });
    assert.equal(error.code, "unavailable");
    assert.match(error.message, /^Cannot connect to "http:\S+": no answer within 50 ms$/);
  });

  it("web()() gives up on a server that is silent after its headers", async () => {
    const { error } = await refusal(
      (_, response) => {
        response.writeHead(200, grpcWebHeaders);
        response.flushHeaders();
      },
      { connectTimeoutMs: 200 },
    );
    assert.match(error.message, /no answer within 200 ms$/);
  });

  it("web()() rejects with the reason of an abort, before and while it asks", async () => {
    const reason = new Error("enough");
    let asked = 0;
    const stop = new AbortController();
    const server = await MisbehavingServer.start(() => {
      asked++;
      stop.abort(reason);
    });
    try {
      const open = web({ baseUrl: server.baseUrl });
      await assert.rejects(
        open({ signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
      assert.equal(asked, 0);
      await assert.rejects(open({ signal: stop.signal }), (error) => error === reason);
      assert.equal(asked, 1);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });

  it("web()() sends the path of baseUrl, with one slash", async () => {
    const urls: (string | undefined)[] = [];
    const server = await MisbehavingServer.start((request, response) => {
      urls.push(request.url);
      statuses(0, 0)(request, response);
    });
    try {
      for (const path of ["", "/", "/api", "/api//"]) {
        const rpc = await web({ baseUrl: `${server.baseUrl}${path}` })();
        await rpc[Symbol.asyncDispose]();
      }
      const method = "/grpc.health.v1.Health/Check";
      assert.deepEqual(urls, [method, method, `/api${method}`, `/api${method}`]);
    } finally {
      await server[Symbol.asyncDispose]();
    }
  });
});
