import { basename, dirname, join } from "node:path";
import { INIT_PROCESS } from "../../src/runtime.ts";
import type { StdioOwner, StdioRequest } from "../../src/stdio.ts";

/** The folder that the folders of processes are in, where none is given. */
export const defaultBase = "/run/libcontainerd/fifo";

const prefix = "fifo-";
/** Of folders in the one for temporary files, which others use, too. */
const temporaryPrefix = `libcontainerd-${prefix}`;
/** No id of containerd is longer; with both, a name is far from the 255 bytes that a name may have. */
const longestPart = 76;
const init = "init";
const asidePrefix = ".";

/** The beginning of the names of all folders of one container. */
export function folderPrefix(owner: StdioOwner, place: "base" | "temporary" = "base"): string {
  const { namespace = "", containerId } = owner;
  // The plus sign is in no id, so that no container has the beginning of another one's.
  const start = place === "base" ? prefix : temporaryPrefix;
  return `${start}${part(namespace)}+${part(containerId)}+`;
}

/** The beginning of the name of the folder of one process, which something random follows. */
export function processPrefix(
  request: Pick<StdioRequest, "namespace" | "containerId" | "processId">,
  place: "base" | "temporary",
): string {
  return `${folderPrefix(request, place)}${request.processId === INIT_PROCESS ? init : "exec"}+`;
}

/** Whether a folder of this name is that of the first process of its container. */
export function isOfInit(name: string): boolean {
  return name.split("+").at(-2) === init;
}

/** The path of a FIFO that was put aside, so that nobody finds it who still looks for it. */
export function asideOf(path: string): string {
  const name = basename(path);
  return name.startsWith(asidePrefix) ? path : join(dirname(path), `${asidePrefix}${name}`);
}

/** The beginning of a name that belongs to no container. */
export function plainPrefix(place: "base" | "temporary"): string {
  return place === "base" ? prefix : temporaryPrefix;
}

/** Whether a folder of this name was made by this library, in whatever version. */
export function isFolderName(name: string): boolean {
  return name.startsWith(prefix) || name.startsWith(temporaryPrefix);
}

/** What is no id goes to a folder all the same; then containers may share the beginning of names. */
function part(id: string): string {
  return id.replaceAll(/[^\w.-]/g, "_").slice(0, longestPart);
}
