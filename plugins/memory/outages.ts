import type { MemoryClock } from "./clock.ts";
import { ActiveFault, type Fault } from "./fault.ts";
import type { LoseConnectionOptions } from "./fault-options.ts";
import type { Link } from "./link.ts";

/** A time without connections. */
interface Outage {
  readonly plugin: string | undefined;
  readonly fault: ActiveFault;
  readonly links: Set<Link>;
}

/** What {@linkcode Outages.begin} takes. */
export interface OutageOptions extends LoseConnectionOptions {
  /** Called at the end, before the connections are restored. */
  readonly onBack?: (() => void) | undefined;
}

/** The times in which clients have no connection to a host. */
export class Outages {
  readonly #links: ReadonlySet<Link>;
  readonly #clock: MemoryClock;
  readonly #outages = new Set<Outage>();

  /** @param links The connections that there are. */
  constructor(links: ReadonlySet<Link>, clock: MemoryClock) {
    this.#links = links;
    this.#clock = clock;
  }

  /** How many there are now. */
  get size(): number {
    return this.#outages.size;
  }

  /** Breaks connections until the fault is lifted, or its time is over. */
  begin(name: string, { plugin, forMs, onBack }: OutageOptions): Fault {
    let cancel: () => void = () => {};
    const fault = new ActiveFault(name, () => {
      cancel();
      this.#outages.delete(outage);
      onBack?.();
      for (const link of outage.links) link.restore();
    });
    const outage: Outage = { plugin, fault, links: new Set() };
    this.#outages.add(outage);
    for (const link of this.#links) join(outage, link);
    if (forMs !== undefined && forMs !== Infinity) {
      cancel = this.#clock.after(forMs, () => fault.lift());
    }
    return fault;
  }

  /** Takes a new connection into those that it falls into. */
  admit(link: Link): void {
    for (const outage of this.#outages) join(outage, link);
    link.onClosing(() => {
      for (const { links } of this.#outages) links.delete(link);
    });
  }

  /** Ends all. */
  lift(): void {
    for (const { fault } of [...this.#outages]) fault.lift();
  }
}

function join({ plugin, fault, links }: Outage, link: Link): void {
  if (plugin !== undefined && plugin !== link.plugin) return;
  links.add(link);
  link.lose(() => fault.strike());
}
