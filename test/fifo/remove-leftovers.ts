import { fifo } from "../../plugins/fifo/mod.ts";

// Removes what clients have left of the container "box", as a driver without options.

const found = await fifo().leftovers?.({ containerId: "box" });
await found?.remove();
