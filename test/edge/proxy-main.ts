/**
 * A proxy in a process of its own. Takes its options as JSON, prints its port, and ends with its
 * standard input, that is with the process that started it.
 */
import process from "node:process";
import { Proxy, type ProxyOptions } from "./proxy.ts";

const options: ProxyOptions = JSON.parse(process.argv[2] ?? "");
const proxy = await Proxy.start(options);
console.log(proxy.port);
process.stdin.resume().once("end", () => process.exit());
