import { type Clock } from '../platform/clock.js';

const BAR = 20;
const MB = 1024 * 1024;
/** Records between two lines where nobody watches a terminal. */
const LINE_EVERY = 100_000;

/** Shows on a terminal how far an import is: records, rate and time left. */
export class ImportProgress {
  private bytes = 0;
  private records = 0;
  private told = 0;
  private readonly startedAt: number;

  /** @param size of the file in bytes, undefined where nobody knows it */
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly clock: Clock,
    private readonly name: string,
    private readonly size: number | undefined,
  ) {
    this.startedAt = clock.now().getTime();
  }

  /** The same bytes, counted. */
  async *counted(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }

  show(records: number): void {
    this.records = records;
    if (this.out.isTTY) this.out.write(`\r\x1b[2K${this.line()}`);
    else if (records - this.told >= LINE_EVERY) {
      this.told = records;
      this.out.write(`${this.line()}\n`);
    }
  }

  /** Takes the bar away. */
  end(): void {
    if (this.out.isTTY && this.records > 0) this.out.write('\r\x1b[2K');
  }

  private line(): string {
    const seconds = Math.max(0.001, (this.clock.now().getTime() - this.startedAt) / 1000);
    const rate = `${this.records.toLocaleString('en')} customers, ${Math.round(this.records / seconds).toLocaleString('en')}/s`;
    if (this.size === undefined || this.size === 0) return `${this.name}  ${(this.bytes / MB).toFixed(1)} MB  ${rate}`;
    const share = Math.min(1, this.bytes / this.size);
    const bar = '#'.repeat(Math.round(share * BAR)).padEnd(BAR, '.');
    const left = share > 0 ? Math.round((seconds / share) * (1 - share)) : 0;
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')} left`;
    return `${this.name}  [${bar}] ${Math.floor(share * 100)} %  ${rate}, ${time}`;
  }
}
