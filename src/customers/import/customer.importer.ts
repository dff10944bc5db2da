import { setImmediate as breathe } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { type Directory } from '../../projects/project.js';
import { type HeadingMap } from '../algorithm/headings.js';
import { type ImportRow, readRow } from '../algorithm/import-row.js';
import { SeenIds } from '../algorithm/seen-ids.js';
import { type CustomerEntry } from '../customer.js';
import { ChunkWriter } from './chunk.writer.js';
import { decoded } from './decode.js';
import { recordsOf } from './records.js';
import { type ImportReport, Tally } from './tally.js';

/**
 * Customers in one transaction. With half of it the round trips weigh twice as much, with double a chunk holds its rows for longer than
 * digest should wait for them (2,000 take some 200 ms).
 */
const CHUNK = 2_000;
/** Records read between two turns of the event loop, for when none of them can be written. */
const RECORDS_A_TURN = 500;

/** How an import is read and where it goes. */
export interface ImportOptions {
  readonly directory: Directory;
  readonly map?: HeadingMap;
  /** As the WHATWG names it; found out when it is left out. */
  readonly encoding?: string;
  /** ISO 3166 code of the country whose phone numbers are written without their code. */
  readonly country?: string;
  /** True: everything is read and judged, nothing is written. */
  readonly dryRun?: boolean;
  /** Records at the beginning that are passed over, for going on after an import that was stopped. */
  readonly skip?: number;
  /** Ends the import after the chunk that is being written; what was written stays. */
  readonly signal?: AbortSignal;
  /** Hears after each chunk how many records are done. */
  readonly onProgress?: (records: number) => void;
}

/**
 * Reads customers from a stream and writes them chunk by chunk, each in a transaction of its own: memory stays flat, and what was written
 * before a stop stays. While a chunk is written the next one is read. Doing it again changes nothing.
 */
@Injectable()
export class CustomerImporter {
  constructor(
    private readonly writer: ChunkWriter,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem 400 for an import that cannot be read as a whole; nothing of it is then written */
  async import(source: AsyncIterable<Uint8Array>, options: ImportOptions): Promise<ImportReport> {
    const tally = new Tally();
    let writing: Promise<void> | undefined;
    for await (const chunk of this.chunks(source, options, tally)) {
      await writing;
      const records = tally.records;
      writing = this.write(chunk, options, tally).then(() => options.onProgress?.(records));
      // Whoever awaits it below hears of a failure; until then it is no unhandled one.
      writing.catch(() => undefined);
      if (options.signal?.aborted) break;
    }
    await writing;
    return tally.report(options.directory.name, options.dryRun === true);
  }

  private async *chunks(
    source: AsyncIterable<Uint8Array>,
    { map = new Map(), encoding, country, skip = 0 }: ImportOptions,
    tally: Tally,
  ): AsyncGenerator<ImportRow[]> {
    const seen = new SeenIds();
    let chunk = new Map<string, ImportRow>();
    const now = this.clock.now();
    for await (const record of recordsOf(decoded(source, encoding), map)) {
      tally.records++;
      if (tally.records <= skip) continue;
      if (tally.records % RECORDS_A_TURN === 0) await breathe();
      if ('problem' in record) {
        tally.mistake(record);
        continue;
      }
      const { row, mistakes } = readRow(record.line, record.cells, { map, country, now });
      for (const mistake of mistakes) tally.mistake(mistake);
      if (!row) continue;
      tally.imported++;
      if (seen.see(row.externalId)) tally.repeat(row.line);
      const earlier = chunk.get(row.externalId);
      chunk.set(row.externalId, earlier ? { ...row, entry: joined(earlier.entry, row.entry) } : row);
      if (chunk.size < CHUNK) continue;
      yield [...chunk.values()];
      chunk = new Map();
    }
    yield [...chunk.values()];
  }

  private async write(rows: readonly ImportRow[], options: ImportOptions, tally: Tally): Promise<void> {
    if (options.dryRun || rows.length === 0) return;
    const { directory } = options;
    const done = await this.database.transaction((tx) => this.writer.write(tx, directory.id, rows, this.clock.now()));
    tally.created += done.created;
    tally.optOutsKept += done.optOutsKept;
  }
}

/** Two lines of one customer as one, the later with the last word. */
function joined(earlier: CustomerEntry, later: CustomerEntry): CustomerEntry {
  const words = new Map(
    [...(earlier.consent ?? []), ...(later.consent ?? [])].map((one) => [`${one.channel} ${one.purpose}`, one]),
  );
  return { ...earlier, ...later, ...(words.size > 0 && { consent: [...words.values()] }) };
}
