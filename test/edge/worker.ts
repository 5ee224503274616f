/** The worker: runs the scenario in its URL and answers with what came out, as JSON. */
import { containerd } from "../../plugins/containerd/mod.ts";
import { web } from "../../plugins/web/mod.ts";
import { Client, Registry } from "../../src/mod.ts";
import { scenarios } from "./scenarios.ts";

// Declared outside a request, where workerd allows no I/O, no timers and no random numbers.
const declared = new Client(
  new Registry({}, { fallback: containerd({ rpc: web({ baseUrl: "http://127.0.0.1:1" }) }) }),
);

// workerd takes its handlers from the default export.
export default {
  /** Answers one request. */
  async fetch(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "declared") return Response.json({ result: declared.describe() });
    try {
      const scenario = scenarios[name];
      if (scenario === undefined) throw new Error(`Cannot run "${name}": no such scenario`);
      return Response.json({ result: await scenario(await request.json()) });
    } catch (error) {
      const text = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
      return Response.json({ error: text }, { status: 500 });
    }
  },
};
