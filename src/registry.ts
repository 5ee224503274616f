import { checkNames } from "./check-options.ts";
import { ContainerError } from "./errors.ts";
import { validateShimName } from "./identifiers.ts";
import type { RuntimePlugin } from "./runtime.ts";

/** Loads the module of a plugin, whose default export is the plugin. */
export type PluginLoader = () => Promise<{ readonly default: RuntimePlugin }>;

/** A plugin, or what loads one on first use. */
export type PluginSource = RuntimePlugin | PluginLoader;

/** Options of a {@linkcode Registry}. */
export interface RegistryOptions {
  /** Serves every shim name that has no entry of its own. */
  readonly fallback?: PluginSource | undefined;
}

/**
 * Maps shim names to runtime plugins. Immutable: {@linkcode Registry.with} gives a copy.
 *
 * @example
 * ```ts
 * const registry = new Registry({ "com.example.vm.v1": () => import("./vm.ts") }, { fallback });
 * ```
 */
export class Registry {
  readonly #entries: ReadonlyMap<string, PluginSource>;
  /** Serves every shim name that has no entry of its own. */
  readonly fallback: PluginSource | undefined;

  /**
   * Makes a registry.
   *
   * @param entries Plugins by shim name: `a.b.c` without a slash, or the absolute path of a binary.
   * @throws {ContainerError} `invalid_argument` for a bad name or option, `already_exists` for a
   * double one.
   */
  constructor(
    entries: Readonly<Record<string, PluginSource>> | Iterable<readonly [string, PluginSource]> =
      {},
    options: RegistryOptions = {},
  ) {
    checkNames(options, "fallback");
    const map = new Map<string, PluginSource>();
    for (const [name, source] of Symbol.iterator in entries ? entries : Object.entries(entries)) {
      validateShimName(name);
      if (map.has(name)) {
        throw new ContainerError("already_exists", `Cannot register shim "${name}": already there`);
      }
      map.set(name, source);
    }
    this.#entries = map;
    this.fallback = options.fallback;
  }

  /** The shim names that have an entry. */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** A copy with one more entry. Errors as for the constructor. */
  with(name: string, source: PluginSource): Registry {
    return new Registry([...this.#entries, [name, source]], { fallback: this.fallback });
  }

  /** Every plugin, the fallback first, each once. */
  sources(): readonly PluginSource[] {
    const all = [...this.#entries.values()];
    return [...new Set(this.fallback ? [this.fallback, ...all] : all)];
  }

  /**
   * Finds the plugin for a shim: its own entry, else the fallback.
   *
   * @throws {ContainerError} `unimplemented`, listing the known names, if there is neither;
   * `invalid_argument` for a bad name.
   */
  resolve(shim: string): PluginSource {
    validateShimName(shim);
    const source = this.#entries.get(shim) ?? this.fallback;
    if (source) return source;
    const known = this.names.map((name) => `"${name}"`).join(", ") || "none";
    throw new ContainerError(
      "unimplemented",
      `Cannot find a runtime for shim "${shim}": known shims are ${known}`,
    );
  }
}
