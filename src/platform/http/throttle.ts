import { recentMap } from '../recent-map.js';

const MINUTE_MS = 60_000;
/** Callers that are remembered, chosen by judgement: beyond it the longest silent are forgotten. */
const REMEMBERED = 20_000;

/** Lets a caller do something so often a minute; each process counts for itself. */
export class Throttle {
  private readonly counts = recentMap<string, { readonly minute: number; count: number }>(REMEMBERED);

  /** @param perMinute times that one caller may */
  constructor(private readonly perMinute: number) {}

  /** Counts one time; false when it is one too many. */
  allows(caller: string, now: Date): boolean {
    const minute = Math.floor(now.getTime() / MINUTE_MS);
    const known = this.counts.get(caller);
    const entry = known?.minute === minute ? known : { minute, count: 0 };
    entry.count += 1;
    this.counts.set(caller, entry);
    return entry.count <= this.perMinute;
  }
}
