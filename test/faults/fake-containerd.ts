import type { ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import {
  constants,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Containers } from "../../proto/gen/containerd/services/containers/v1/containers_pb.ts";
import { Events } from "../../proto/gen/containerd/services/events/v1/events_pb.ts";
import { Tasks } from "../../proto/gen/containerd/services/tasks/v1/tasks_pb.ts";
import { Version } from "../../proto/gen/containerd/services/version/v1/version_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus,
} from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { type HeldCall, type Position, RpcGate } from "../containerd/support/rpc-gate.ts";
import { CallFailures, type FailureOptions } from "./call-failures.ts";
import { FakeRecords } from "./fake-records.ts";
import { FakeSubscriptions } from "./fake-subscriptions.ts";
import { FakeTasks } from "./fake-tasks.ts";
import type { FakeEvent } from "./task-event.ts";

/** A method of a service, as {@linkcode FakeContainerd.hold} names it. */
export type FakeMethod = `${"Containers" | "Events" | "Health" | "Tasks" | "Version"}/${string}`;

/** What {@linkcode FakeContainerd.restart} takes. */
export interface FakeRestartOptions {
  /** Whether it knows its containers and tasks afterwards. */
  readonly state: "kept" | "lost";
  /** Called while it is down. */
  readonly meanwhile?: () => Promise<void> | void;
}

/** The namespace whose events a fake daemon tells, unless it is told another one. */
export const FAKE_NAMESPACE = "default";

/**
 * A containerd without containers: it speaks gRPC on a unix socket, keeps records and tasks in
 * memory, tells their events, and answers, or does not, as a test wants. So the orders that a real
 * daemon shows rarely happen every time.
 */
export class FakeContainerd implements AsyncDisposable {
  /** Address of its socket, as a URL. */
  readonly address: string;
  /** Path of its socket. */
  readonly path: string;
  /** Its tasks. */
  readonly tasks: FakeTasks = new FakeTasks((event) => this.#tell(event));
  /** Its records. */
  readonly records: FakeRecords = new FakeRecords();
  readonly #folder: string;
  readonly #subscriptions = new FakeSubscriptions();
  readonly #gate = new RpcGate();
  readonly #failures = new CallFailures();
  readonly #muted = new Set<string>();
  readonly #published: string[] = [];
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #streams = new Set<ServerHttp2Stream>();
  #server: Http2Server | undefined;

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "lcfake-"));
    this.path = join(this.#folder, "s");
    this.address = `unix://${this.path}`;
  }

  /** Starts one. */
  static async start(): Promise<FakeContainerd> {
    const fake = new FakeContainerd();
    await fake.start();
    return fake;
  }

  /** How many subscriptions to events are open. */
  get subscriptions(): number {
    return this.#subscriptions.count;
  }

  /** The calls so far, for instance `Tasks/Create`, but `Tasks/Wait`. */
  get calls(): readonly string[] {
    return this.#gate.calls;
  }

  /** The topics that clients published so far. */
  get published(): readonly string[] {
    return this.#published;
  }

  /** Tells events, whatever is the case. */
  emit(...events: readonly FakeEvent[]): void {
    for (const event of events) this.#subscriptions.publish(FAKE_NAMESPACE, event);
  }

  /** As {@linkcode FakeContainerd.emit}, of another namespace. */
  emitIn(namespace: string, ...events: readonly FakeEvent[]): void {
    for (const event of events) this.#subscriptions.publish(namespace, event);
  }

  /** Tells nothing of what happens, under these topics; {@linkcode emit} still does. */
  mute(...topics: readonly string[]): void {
    for (const topic of topics) this.#muted.add(topic);
  }

  /** Tells what happens again. */
  unmute(...topics: readonly string[]): void {
    for (const topic of topics) this.#muted.delete(topic);
  }

  /** Stops the next call of a method, before it does anything or before its answer is sent. */
  hold(method: FakeMethod, position: Position): HeldCall {
    return this.#gate.hold(method, position);
  }

  /** Lets the next calls of a method fail. */
  fail(method: FakeMethod, options?: FailureOptions): void {
    this.#failures.add(method, options);
  }

  /** Lets the calls of a method succeed again. */
  unfail(method: FakeMethod): void {
    this.#failures.remove(method);
  }

  /** Ends the subscriptions with an error of gRPC, or, without one, in order. */
  endSubscriptions(error?: Error): void {
    this.#subscriptions.drop(error);
  }

  /** Ends all calls that are open as a daemon that is killed: RST_STREAM with CANCEL. */
  resetStreams(): void {
    for (const stream of this.#streams) stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Breaks all connections off; new ones are taken. */
  async dropConnections(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) =>
      new Promise<void>((resolve) => {
        session.once("close", () => resolve());
        session.destroy();
      })
    ));
  }

  /** Listens, again after {@linkcode stop}. */
  async start(): Promise<void> {
    if (this.#server) throw new Error("Cannot start the fake daemon: it runs");
    const answer = connectNodeAdapter({
      routes: (router) => this.#routes(router),
      interceptors: [this.#gate.interceptor, this.#failures.interceptor],
    });
    const server = createServer((request, response) => {
      const { stream } = request;
      this.#streams.add(stream);
      stream.once("close", () => this.#streams.delete(stream));
      stream.on("error", () => {}); // of a connection that is broken off
      answer(request, response);
    });
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
      session.on("error", () => {});
    });
    server.listen(this.path);
    await once(server, "listening");
    this.#server = server;
  }

  /** Ends: breaks all connections off and takes its socket away. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await this.dropConnections();
    await closed;
    rmSync(this.path, { force: true });
  }

  /** Ends it and starts it again; its containers may end meanwhile. */
  async restart({ state, meanwhile }: FakeRestartOptions): Promise<void> {
    await this.stop();
    if (state === "lost") {
      this.tasks.clear();
      this.records.clear();
    }
    await meanwhile?.();
    await this.start();
  }

  /** Ends it for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #tell(event: FakeEvent): void {
    if (!this.#muted.has(event.topic)) this.emit(event);
  }

  #routes(router: ConnectRouter): void {
    router.service(Version, { version: () => ({ version: "v0.0.0-fake", revision: "none" }) });
    router.service(Health, {
      check: () => ({ status: HealthCheckResponse_ServingStatus.SERVING }),
    });
    router.service(Containers, this.records.service);
    router.service(Tasks, this.tasks.service);
    router.service(Events, {
      publish: ({ topic, event }, { requestHeader }) => {
        this.#published.push(topic);
        const namespace = requestHeader.get("containerd-namespace") ?? FAKE_NAMESPACE;
        if (event) this.emitIn(namespace, { topic, event, timestamp: new Date() });
        return {};
      },
      subscribe: ({ filters }, { signal }) => this.#subscriptions.subscribe(filters, signal),
    });
  }
}
