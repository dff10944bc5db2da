import { ADMIN_TOKEN, type TestDaemon } from './test-daemon.js';
import { type Clock } from '../../src/platform/clock.js';

/** A server-sent event as it came. */
export interface CameEvent {
  readonly event: string;
  readonly id: string | undefined;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into events of many shapes
  readonly data: any;
}

/** Reads a stream of server-sent events, one after the other. */
export class EventStream {
  /** Id of the last event that had one. */
  lastId: string | undefined;
  private rest = '';

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<Uint8Array>,
    private readonly abort: AbortController,
    readonly status: number,
  ) {}

  /** Connects; `lastId` is where it goes on. */
  static async open(daemon: TestDaemon<Clock>, query = '', lastId?: string): Promise<EventStream> {
    const abort = new AbortController();
    const answer = await fetch(`${daemon.url}/v1/bot/stream${query}`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(lastId !== undefined && { 'last-event-id': lastId }) },
      signal: abort.signal,
    });
    if (!answer.body) throw new Error('the stream has no body');
    return new EventStream(answer.body.getReader(), abort, answer.status);
  }

  /** Waits for the next event; comments and hints are passed over. */
  async next(): Promise<CameEvent> {
    for (;;) {
      const end = this.rest.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await this.reader.read();
        if (done) throw new Error('the stream ended');
        this.rest += Buffer.from(value).toString('utf8');
        continue;
      }
      const lines = this.rest.slice(0, end).split('\n');
      this.rest = this.rest.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const event = field('event');
      if (event === undefined) continue;
      this.lastId = field('id') ?? this.lastId;
      return { event, id: field('id'), data: JSON.parse(field('data') ?? 'null') as unknown };
    }
  }

  /** Hangs up. */
  close(): void {
    this.abort.abort();
  }
}
