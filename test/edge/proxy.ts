import type {
  DescMethod,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  Message,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { grpc } from "../../plugins/grpc/mod.ts";
import type { Rpc } from "../../plugins/rpc/mod.ts";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Content } from "../../proto/gen/containerd/services/content/v1/content_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Introspection } from "../../proto/gen/containerd/services/introspection/v1/introspection_pb.ts";
import { Leases } from "../../proto/gen/containerd/services/leases/v1/leases_pb.ts";
import { Namespaces } from "../../proto/gen/containerd/services/namespaces/v1/namespaces_pb.ts";
import { Snapshots } from "../../proto/gen/containerd/services/snapshots/v1/snapshots_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import { Health } from "../../proto/gen/grpc/health/v1/health_pb.ts";

/** What {@linkcode Proxy} takes. */
export interface ProxyOptions {
  /** Address of the containerd behind it. */
  readonly address: string;
  /** Where it listens on loopback. Default: a free port. */
  readonly port?: number | undefined;
  /** If set, only requests with `authorization: Bearer <token>` are served. */
  readonly token?: string | undefined;
  /** Names of services that it does not offer. Default: none. */
  readonly without?: readonly string[] | undefined;
}

type Route = (
  method: DescMethod,
  serve: (message: Message, context: HandlerContext) => unknown,
) => void;

const services: readonly DescService[] = [
  Containers,
  Content,
  Events,
  Health,
  Introspection,
  Leases,
  Namespaces,
  Snapshots,
  Tasks,
  Version,
];

/** Headers that containerd reads. */
const forwarded = /^containerd-/;

/**
 * A proxy from gRPC-Web, and Connect, over HTTP/1.1 to a containerd. Messages are passed on as they
 * come, and the end of a request ends the call behind it.
 *
 * `GET /calls?method=Wait&count=1` answers as soon as that many calls of the method are open.
 */
export class Proxy implements AsyncDisposable {
  readonly #rpc: Rpc;
  readonly #server: Server;
  readonly #open = new Map<string, number>();
  readonly #watchers = new Set<() => void>();
  readonly #token: string | undefined;

  private constructor(rpc: Rpc, options: ProxyOptions) {
    this.#rpc = rpc;
    this.#token = options.token;
    const offered = services.filter(({ typeName }) => !options.without?.includes(typeName));
    const serve = connectNodeAdapter({
      acceptCompression: [],
      routes: (router) => {
        // Its types follow from the method, which is known only here.
        const route = router.rpc.bind(router) as unknown as Route;
        for (const service of offered) {
          for (const method of service.methods) this.#route(route, method);
        }
      },
    });
    this.#server = createServer((request, response) => {
      if (request.url?.startsWith("/calls?")) return this.#answerWhenOpen(request, response);
      if (this.#token === undefined || request.headers.authorization === `Bearer ${this.#token}`) {
        return serve(request, response);
      }
      response.writeHead(401).end();
    });
  }

  /** Connects to containerd and listens. */
  static async start(options: ProxyOptions): Promise<Proxy> {
    const rpc = await grpc({ address: options.address })();
    const proxy = new Proxy(rpc, options);
    try {
      proxy.#server.listen(options.port ?? 0, "127.0.0.1");
      await once(proxy.#server, "listening");
    } catch (error) {
      await rpc[Symbol.asyncDispose]();
      throw error;
    }
    return proxy;
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends it with every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    await this.#rpc[Symbol.asyncDispose]();
  }

  #route(route: Route, method: DescMethod): void {
    // The others send streams, which gRPC-Web over HTTP/1.1 cannot.
    if (method.methodKind === "unary") {
      route(method, (message, context) => this.#unary(method as DescMethodUnary, message, context));
    } else if (method.methodKind === "server_streaming") {
      route(
        method,
        (message, context) => this.#stream(method as DescMethodServerStreaming, message, context),
      );
    }
  }

  async #unary(method: DescMethodUnary, message: Message, context: HandlerContext) {
    this.#count(method, 1);
    try {
      const { transport } = this.#rpc;
      const { signal } = context;
      const headers = headersOf(context);
      return (await transport.unary(method, signal, undefined, headers, message)).message;
    } catch (error) {
      throw passedOn(error);
    } finally {
      this.#count(method, -1);
    }
  }

  async *#stream(method: DescMethodServerStreaming, message: Message, context: HandlerContext) {
    this.#count(method, 1);
    try {
      const { transport } = this.#rpc;
      const { signal } = context;
      const input = (async function* () {
        yield message;
      })();
      const headers = headersOf(context);
      yield* (await transport.stream(method, signal, undefined, headers, input)).message;
    } catch (error) {
      throw passedOn(error);
    } finally {
      this.#count(method, -1);
    }
  }

  #count({ name }: DescMethod, change: number): void {
    this.#open.set(name, (this.#open.get(name) ?? 0) + change);
    for (const watcher of [...this.#watchers]) watcher();
  }

  #answerWhenOpen(request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const method = searchParams.get("method") ?? "";
    const count = Number(searchParams.get("count"));
    const check = () => {
      if ((this.#open.get(method) ?? 0) !== count) return;
      this.#watchers.delete(check);
      response.end(String(count));
    };
    this.#watchers.add(check);
    response.once("close", () => this.#watchers.delete(check));
    check();
  }
}

function headersOf({ requestHeader }: HandlerContext): Headers {
  return new Headers([...requestHeader].filter(([name]) => forwarded.test(name)));
}

/** Only code and text: what else containerd sent belongs to the other connection. */
function passedOn(error: unknown): ConnectError {
  const { rawMessage, code } = ConnectError.from(error, Code.Unavailable);
  return new ConnectError(rawMessage, code);
}
