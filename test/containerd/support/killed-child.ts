import process from "node:process";
import { containerd } from "../../../plugins/containerd/mod.ts";
import { fifo } from "../../../plugins/fifo/mod.ts";
import { grpc } from "../../../plugins/grpc/mod.ts";
import { Client } from "../../../src/client.ts";
import { Registry } from "../../../src/registry.ts";
import { RUNC } from "./open-client.ts";
import { execOf, sleeper } from "./specs.ts";

// Makes a container whose streams are piped, as far as it is told to, and waits to be killed.

const [mode = "", address = "", namespace = "", id = "", directory = ""] = process.argv.slice(2);
const plugin = containerd({ rpc: grpc({ address }), stdio: fifo({ directory }), namespace });
const client = new Client(new Registry({}, { fallback: plugin }));
const stdio = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;

setInterval(() => {}, 1000);
const container = await client.create(id, sleeper(), RUNC);
if (mode === "created") await container.newTask({ stdio });
else await client.start(id, { stdio });
if (mode === "exec") await client.exec(id, "more", execOf("sleep", "600"), { stdio });
console.log("ready");
