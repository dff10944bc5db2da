import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type OnModuleDestroy } from '@nestjs/common';
import { type Metrics } from './metrics.js';

/** Between two looks at the clock, milliseconds: how short a hold-up can be and still be seen. */
const RESOLUTION_MS = 10;
const NANOS = 1e9;

/**
 * Measures how late this thread comes to its next work: whatever holds it, everybody waits for. Nothing may hold it for more than 100 ms.
 * Each scrape shows the time since the one before.
 */
export class EventLoopWatch implements OnModuleDestroy {
  private readonly delays: IntervalHistogram;

  constructor(metrics: Metrics) {
    this.delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delays.enable();
    const help =
      'How late the main thread came to its next work since the last scrape: median, 99th percentile, longest.';
    metrics.gauge('event_loop_delay_seconds', help, ['quantile'], (gauge) => {
      gauge.set({ quantile: '0.5' }, seconds(this.delays.percentile(50)));
      gauge.set({ quantile: '0.99' }, seconds(this.delays.percentile(99)));
      gauge.set({ quantile: '1' }, seconds(this.delays.max));
      this.delays.reset();
    });
  }

  /** Ends measuring. */
  onModuleDestroy(): void {
    this.delays.disable();
  }
}

/** Delays include the time between two looks; nothing is NaN where no look was taken yet. */
function seconds(nanos: number): number {
  return Math.max(0, (Number.isFinite(nanos) ? nanos : 0) / NANOS - RESOLUTION_MS / 1000);
}
