import { Injectable } from '@nestjs/common';
import { Metrics } from '../../platform/metrics.js';
import { type BodyReader, type SentBody, type SummarisedBody } from './body-summary.js';

/** Where bodies of the Sentry protocol are read: on another thread, where there is one, or here. */
@Injectable()
export class BodyReaders {
  private reader: BodyReader | undefined;
  private readonly byReader;
  private readonly byMain;

  constructor(metrics: Metrics) {
    const help = 'Requests of the Sentry protocol by the thread that read their bodies; main: all else.';
    const metric = metrics.counter('intake_bodies_total', help, ['thread']);
    this.byReader = metric.labels('reader');
    this.byMain = metric.labels('main');
  }

  /** From now on bodies are read there. */
  use(reader: BodyReader | undefined): void {
    this.reader = reader;
  }

  /** Requests that the other thread has and has not answered. */
  get waiting(): number {
    return this.reader?.waiting ?? 0;
  }

  /** Resolves with undefined where a body must be read on this thread. */
  async summary(sent: SentBody): Promise<SummarisedBody | undefined> {
    const summary = await this.reader?.summary(sent);
    (summary ? this.byReader : this.byMain).inc();
    return summary && { ...summary, sent };
  }

  /** Ends the other thread. */
  async close(): Promise<void> {
    await this.reader?.close();
  }
}
