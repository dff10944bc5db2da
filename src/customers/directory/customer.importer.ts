import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { type Directory } from '../../projects/project.js';
import { type ImportError, type ImportLine } from './import.js';
import { CustomerDirectory } from '../public.js';

/** Lines in one transaction: large enough to be fast, small enough not to hold locks for long. */
const BATCH = 500;
/** Errors listed in an answer; all are counted. */
const LISTED_ERRORS = 100;

/** What an import did: every line is in `imported` or in `failed`. */
export interface ImportReport {
  /** Name of the directory into which the lines went. */
  readonly directory: string;
  readonly imported: number;
  readonly failed: number;
  readonly errors: readonly ImportError[];
}

/** Applies import lines to the directory. */
@Injectable()
export class CustomerImporter {
  constructor(
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Puts every line; `errors` are those that were not even readable and only go into the report. */
  async import(
    directory: Directory,
    lines: readonly ImportLine[],
    errors: readonly ImportError[],
  ): Promise<ImportReport> {
    for (let from = 0; from < lines.length; from += BATCH) {
      await this.database.transaction(async (tx) => {
        for (const { externalId, ...entry } of lines.slice(from, from + BATCH)) {
          await this.directory.put(
            tx,
            { directoryId: directory.id, externalId, entry, source: 'import' },
            this.clock.now(),
          );
        }
      });
    }
    return {
      directory: directory.name,
      imported: lines.length,
      failed: errors.length,
      errors: errors.slice(0, LISTED_ERRORS),
    };
  }
}
