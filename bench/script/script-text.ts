/** Where a script imports from. */
export interface Modules {
  /** The module that has `connect`. */
  readonly auto: string;
  /** The module that has `linuxSpec`. */
  readonly spec: string;
}

/** A user's script, complete: connects, runs one container to its end, and disconnects. */
export function scriptText(modules: Modules): string {
  return `import { connect } from ${JSON.stringify(modules.auto)};
import { linuxSpec } from ${JSON.stringify(modules.spec)};

const [address, namespace, rootfs, id] = process.argv.slice(2);
const client = await connect({ address, namespace });
const spec = linuxSpec({ args: ["/bin/true"], rootfs, readonlyRootfs: true });
const status = await client.run(id, spec, "io.containerd.runc.v2");
await client[Symbol.asyncDispose]();
if (status.code !== 0) throw new Error(JSON.stringify(status));
`;
}
