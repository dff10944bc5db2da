import { setTimeout as pause } from 'node:timers/promises';
import { type DemoCustomer } from './customers.js';
import { pick, seededRandom } from './random.js';
import { type Shop, type Visit } from './shop.js';

/** Visits a second. */
const RATE = 25;
/** Actions of customers, and how often they happen. */
const PATHS = ['/checkout', '/products/tea', '/products/cup', '/search/green%20tea', '/invoices/o-12'] as const;
const WEIGHTS = [50, 20, 10, 10, 10];

/** The shop's own account of what happened to its customers; we compare Forewarn's books with it. */
export class Witness {
  /** Pages asked for. */
  visits = 0;
  /** Errors by customer, at the checkout. */
  readonly hit = new Map<string, number>();
  /** Moment of the first failed checkout, by customer. */
  readonly hitAt = new Map<string, Date>();
  /** Errors by customer, anywhere else. */
  readonly bothered = new Map<string, number>();
  /** Customers who used the shop. */
  readonly seen = new Set<string>();
  /** When the first checkout failed. */
  firstHitAt: Date | undefined;

  /** Errors that anybody met. */
  get errors(): number {
    return [...this.hit.values(), ...this.bothered.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Notes how a visit ended. */
  note({ customer: { externalId }, path }: Visit, ok: boolean): void {
    this.visits++;
    this.seen.add(externalId);
    if (ok) return;
    const book = path === '/checkout' ? this.hit : this.bothered;
    book.set(externalId, (book.get(externalId) ?? 0) + 1);
    if (path !== '/checkout') return;
    const now = new Date();
    this.firstHitAt ??= now;
    if (!this.hitAt.has(externalId)) this.hitAt.set(externalId, now);
  }
}

/** Customers who come and go; the same ones in the same order each time. */
export class Traffic {
  private readonly random = seededRandom(241);

  constructor(
    private readonly customers: readonly DemoCustomer[],
    readonly witness: Witness,
    private readonly signal: AbortSignal,
  ) {}

  /** Lets `count` customers visit the shop, with `extra` visits spread among them. */
  async flow(shop: Shop, count: number, extra: readonly Visit[], onVisit: () => void): Promise<void> {
    const every = Math.ceil(count / (extra.length + 1));
    for (let at = 1; at <= count; at++) {
      const started = performance.now();
      await this.go(shop, this.ordinary());
      const odd = at % every === 0 ? extra[at / every - 1] : undefined;
      if (odd) await this.go(shop, odd);
      onVisit();
      await pause(Math.max(0, 1000 / RATE - (performance.now() - started)), undefined, { signal: this.signal });
    }
  }

  private async go(shop: Shop, visit: Visit): Promise<void> {
    this.witness.note(visit, await shop.visit(visit, this.signal));
  }

  private ordinary(): Visit {
    const customer = this.customers[Math.floor(this.random() * this.customers.length)];
    if (!customer) throw new Error('the shop has no customers');
    return { customer, path: pick(this.random, PATHS, WEIGHTS) };
  }
}

/**
 * The errors of an ordinary day, of the kinds that every app has: one customer who tries the same broken search seven
 * times, an old link that three follow, a slow tax service that two wait for. None of them is a fault to tell people about.
 */
export function everydayErrors(customers: readonly DemoCustomer[]): Visit[] {
  const visit = (index: number, path: string): Visit[] => {
    const customer = customers[index];
    return customer ? [{ customer, path }] : [];
  };
  const search = Array.from({ length: 7 }, () => visit(10, '/search/100%')).flat();
  const oldLinks = [20, 30, 40].flatMap((index) => visit(index, '/products/teapot'));
  const [slow = [], slowLater = []] = [50, 60].map((index) => visit(index, `/invoices/o-${index}7`));
  return [...search.slice(0, 3), ...oldLinks, ...slow, ...search.slice(3), ...slowLater];
}
