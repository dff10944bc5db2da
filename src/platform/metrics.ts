import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The process's metrics. One registry an application, so that tests do not share counts. Labels never hold personal data. */
export class Metrics {
  readonly registry = new Registry();

  /** A counter; `name` without the prefix `forewarn_`. */
  counter<T extends string>(name: string, help: string, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name: `forewarn_${name}`, help, labelNames, registers: [this.registry] });
  }

  /**
   * A gauge; `name` without the prefix `forewarn_`.
   * @param collect fills the gauge at scrape time
   */
  gauge<T extends string>(
    name: string,
    help: string,
    labelNames: readonly T[],
    collect?: (gauge: Gauge<T>) => Promise<void> | void,
  ): Gauge<T> {
    return new Gauge({
      name: `forewarn_${name}`,
      help,
      labelNames,
      registers: [this.registry],
      ...(collect && {
        async collect(this: Gauge<T>) {
          await collect(this);
        },
      }),
    });
  }

  /** A histogram; `name` without the prefix `forewarn_`; buckets in the unit of the name. */
  histogram<T extends string>(name: string, help: string, labelNames: readonly T[], buckets: number[]): Histogram<T> {
    return new Histogram({ name: `forewarn_${name}`, help, labelNames, buckets, registers: [this.registry] });
  }
}
