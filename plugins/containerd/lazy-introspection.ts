import type { ContainerdApi } from "./as-containerd.ts";
import type { Session } from "./session.ts";

/**
 * The same as `introspection()`, which is loaded on first use: a script that only runs containers
 * starts faster without its three services.
 */
export function lazyIntrospection(session: Session): ContainerdApi {
  const load = async () => (await import("./introspection.ts")).introspection(session);
  return {
    namespaces: {
      list: async (...args) => await (await load()).namespaces.list(...args),
      create: async (...args) => await (await load()).namespaces.create(...args),
      setLabels: async (...args) => await (await load()).namespaces.setLabels(...args),
      delete: async (...args) => await (await load()).namespaces.delete(...args),
    },
    plugins: async (...args) => await (await load()).plugins(...args),
    health: async (...args) => await (await load()).health(...args),
  };
}
