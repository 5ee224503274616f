import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "../../plugins/auto/mod.ts";
import { type Daemon, startDaemon } from "../helpers/daemon.ts";
import { holdings, noMoreThan } from "../helpers/leaks.ts";
import { execPath, runtimeName } from "../helpers/runtime.ts";
import { openClient, RUNC } from "./support/open-client.ts";
import { assertFails, type Refusal } from "./support/refusals.ts";
import { sleeper } from "./support/specs.ts";

let daemon: Daemon;
let folder: string;
const closers: (() => void)[] = [];
/** A silent server is given up after this time, in milliseconds; the others are not waited for. */
const SILENCE_MS = 300;

before(async () => {
  folder = mkdtempSync("/tmp/lcsock-");
  daemon = await startDaemon();
});
after(async () => {
  for (const close of closers) close();
  await daemon?.stop();
  rmSync(folder, { recursive: true, force: true });
});

let count = 0;
const newPath = () => `${folder}/${++count}.sock`;

/** Lets a server listen, and ends its connections with the tests. */
async function listening(
  server: Pick<Server, "listen" | "close" | "on">,
  path: string,
): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.resume(); // else it would not notice that the client has hung up
    socket.on("close", () => sockets.delete(socket));
  });
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

interface Case extends Refusal {
  /** Makes what is at the address, and gives the address. */
  readonly make: () => string | Promise<string>;
}

const unavailable = (text: RegExp): Refusal => ({ code: "unavailable", text });

const cases: Readonly<Record<string, Case>> = {
  "a path where nothing is": { make: newPath, ...unavailable(/no such socket/) },
  "a folder that is missing": {
    make: () => `${folder}/missing/c.sock`,
    ...unavailable(/no such socket/),
  },
  "a path below a file": {
    make: () => {
      const file = newPath();
      writeFileSync(file, "");
      return `${file}/c.sock`;
    },
    // Bun reports ENOTDIR as ECONNREFUSED.
    ...unavailable(/no such socket|nothing listens/),
  },
  "a file that is no socket": {
    make: () => {
      const file = newPath();
      writeFileSync(file, "");
      return file;
    },
    ...unavailable(/nothing listens/),
  },
  "a folder": {
    make: () => {
      const path = newPath();
      mkdirSync(path);
      return path;
    },
    ...unavailable(/nothing listens/),
  },
  "a socket whose server is gone": {
    make: async () => {
      const path = newPath();
      // The process that listened was killed, so nobody has removed the file.
      const script =
        `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
      const program = runtimeName() === "deno" ? execPath("node24") : execPath("current");
      await promisify(execFile)(program, ["-e", script, path]).catch(() => {});
      return path;
    },
    ...unavailable(/nothing listens/),
  },
  "a server that is silent": {
    make: () => listening(createServer(), newPath()),
    ...unavailable(/no answer within 300 ms/),
  },
  "a server that hangs up at once": {
    make: () => listening(createServer((socket) => socket.destroy()), newPath()),
    ...unavailable(/peer did not answer in HTTP\/2|connection was/),
  },
  "a server that ends the connection at once": {
    make: () => listening(createServer((socket) => socket.end()), newPath()),
    ...unavailable(/peer did not answer in HTTP\/2|connection was/),
  },
  "a server that sends noise": {
    make: () =>
      listening(
        createServer((socket) => socket.write(new Uint8Array(64).fill(0xff))),
        newPath(),
      ),
    ...unavailable(/peer did not answer in HTTP\/2|connection was|no answer/),
  },
  "a server of HTTP/1": {
    make: () => listening(createHttpServer((_, response) => response.end("hello")), newPath()),
    ...unavailable(/peer did not answer in HTTP\/2|connection was|no answer/),
  },
  "a server of HTTP/2 that knows no gRPC": {
    make: () => {
      const server = createHttp2Server((_, response) => {
        response.writeHead(404);
        response.end();
      });
      return listening(server as unknown as Server, newPath());
    },
    code: ["unimplemented", "unavailable"],
  },
};

describe("connecting to what is no containerd", () => {
  for (const [name, { make, ...refusal }] of Object.entries(cases)) {
    it(`create() on ${name} is ${[refusal.code].flat()[0]}, and leaves nothing open`, async () => {
      const address = await make();
      // Once before stock is taken: the first socket brings descriptors of the runtime's own.
      const attempt = async () => {
        const client = openClient(daemon, { address, connectTimeoutMs: SILENCE_MS });
        try {
          // The first call opens, the second one opens again: the failure is not kept.
          await assertFails(() => client.create("a", sleeper(), RUNC), refusal);
          await assertFails(() => client.version(), refusal);
        } finally {
          await client[Symbol.asyncDispose]();
        }
      };
      await attempt();
      const before = holdings();
      await attempt();
      await noMoreThan(before);
    });
  }

  it("version() succeeds as soon as there is a daemon", async () => {
    const address = newPath();
    const client = openClient(daemon, { address });
    try {
      await assertFails(() => client.version(), { code: "unavailable" });
      symlinkSync(daemon.socket, address);
      assert.match((await client.version()).version, /\d/);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });

  it("version() of a silent server ends with the reason of its signal", async () => {
    const address = await listening(createServer(), newPath());
    const client = openClient(daemon, { address, connectTimeoutMs: 60_000 });
    try {
      const controller = new AbortController();
      const reason = { why: "enough" };
      const version = client.version(undefined, { signal: controller.signal });
      controller.abort(reason);
      await assert.rejects(version, (error) => error === reason);
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });

  it("events() of what is no containerd rejects ready, and the iteration", async () => {
    const client = openClient(daemon, { address: newPath() });
    try {
      const stream = client.events();
      await assertFails(() => stream.ready, { code: "unavailable" });
      await assertFails(() => stream[Symbol.asyncIterator]().next(), { code: "unavailable" });
    } finally {
      await client[Symbol.asyncDispose]();
    }
  });
});

describe("connect() to what is no containerd", () => {
  it("connect() says which address it took and why", async () => {
    const address = newPath();
    const error = await assertFails(() => connect({ address }), {
      code: "unavailable",
      text: /address given by the caller/,
    });
    assert.ok(error.message.includes(address));
  });

  it("connect() refuses an address with an unknown scheme, by its field", () =>
    assertFails(() => connect({ address: "gopher://host" }), {
      code: "invalid_argument",
      field: "address",
    }).then(() => {}));

  it("connect() refuses a namespace, by its field", () =>
    assertFails(() => connect({ address: daemon.address, namespace: "a/b" }), {
      code: "invalid_argument",
      field: "namespace",
    }).then(() => {}));

  it("connect() without access is permission_denied", async () => {
    // The folder of the daemon is root's alone.
    chmodSync(daemon.home, 0o700);
    const script = fileURLToPath(new URL("./support/connect-child.ts", import.meta.url));
    const deno = runtimeName() === "deno" ? ["run", "--allow-all", "--quiet", "--no-check"] : [];
    const { stdout, stderr } = await promisify(execFile)("setpriv", [
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      execPath("current"),
      ...deno,
      script,
      daemon.socket,
    ], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin", DENO_NO_UPDATE_CHECK: "1", HOME: "/nonexistent" },
    });
    assert.equal(stderr, "");
    const { code, message } = JSON.parse(stdout);
    assert.equal(code, "permission_denied", message);
  });
});
