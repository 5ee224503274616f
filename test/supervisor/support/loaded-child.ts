import { registerHooks } from "node:module";
import process from "node:process";

// Says whether the supervisor is among the modules that connect() loads, without and with it.

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    loaded.push(url);
    return next(url, context);
  },
});

const { connect } = await import("../../../plugins/auto/mod.ts");
const directory = process.argv[2] ?? "";

function say(when: string): void {
  const found = loaded.some((url) => url.includes("/plugins/supervisor/"));
  console.log(`${when}: ${found ? "supervisor" : "no supervisor"}`);
}

await connect({ address: `${directory}/none.sock` }).catch(() => {});
say("before");
await connect({ supervise: { directory, binary: "no-such-containerd" } }).catch(() => {});
say("after");
