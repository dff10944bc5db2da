import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import {
  type Answer,
  Answers,
  AnswersNothing,
  AnswersText,
  count,
  moment,
  pageAnswer,
} from '../../platform/http/answers.js';
import { type Channel, CHANNELS } from '../customer.js';
import { normalAddress } from './normal-address.js';
import { type Suppression, SuppressionStore, type SuppressionsAfter } from './suppression.store.js';

/** Addresses in one request: a body of a megabyte holds no more. */
const MOST = 10_000;
/** Rows that an export reads at once. */
const CHUNK = 5000;
const FIRST: SuppressionsAfter = { channel: '', address: '' };

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  cursor: z.string().max(2000).optional(),
});
const entry = z.strictObject({
  channel: z.enum(CHANNELS),
  address: z.string().trim().min(3).max(320),
  reason: z.string().trim().min(1).max(200).default('imported'),
  at: z.iso.datetime({ offset: true }).optional(),
});
const importBody = z.strictObject({ items: z.array(entry).min(1).max(MOST) });
const suppressionAnswer = z
  .object({
    channel: z.enum(CHANNELS),
    address: z.string(),
    reason: z.string().describe('A code of ours, or what the import said.'),
    source: z.string().describe('Who said so: provider, bounce, complaint, reply or import.'),
    at: moment,
  })
  .meta({ id: 'Suppression' });
const suppressionPage = pageAnswer(suppressionAnswer);
const importAnswer = z.object({ added: count, known: count.describe('Those that were on the list already.') });

/** `GET /v1/suppressions`, `/v1/suppressions.csv`, `POST …/import`, `DELETE …/{channel}/{address}`: addresses that nobody may write to. */
@Controller('v1')
export class SuppressionsController {
  constructor(
    private readonly store: SuppressionStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('suppressions')
  @Needs('ops')
  @Answers('List the addresses that nobody may write to', suppressionPage)
  async list(
    @Query({ schema: listQuery }) { cursor, limit }: z.output<typeof listQuery>,
  ): Promise<Answer<typeof suppressionPage>> {
    const rows = await this.store.list(this.database, cursor === undefined ? FIRST : afterOf(cursor), limit + 1);
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > limit && last ? cursorOf(last) : null };
  }

  @Get('suppressions.csv')
  @Needs('ops')
  @AnswersText('Export the addresses that nobody may write to', 'text/csv')
  @Header('content-type', 'text/csv; charset=utf-8')
  async export(): Promise<string> {
    const lines = ['channel,address,reason,source,at'];
    let after = FIRST;
    for (;;) {
      const rows = await this.store.list(this.database, after, CHUNK);
      for (const { channel, address, reason, source, at } of rows)
        lines.push([channel, address, reason, source, at.toISOString()].map(csv).join(','));
      const last = rows.at(-1);
      if (rows.length < CHUNK || !last) return `${lines.join('\n')}\n`;
      after = last;
    }
  }

  @Post('suppressions/import')
  @Needs('ops')
  @HttpCode(200)
  @Answers('Put addresses on the list of those that nobody may write to', importAnswer)
  async import(
    @Body({ schema: importBody }) { items }: z.output<typeof importBody>,
  ): Promise<Answer<typeof importAnswer>> {
    const now = this.clock.now();
    const entries = items.map((one, at): Suppression => {
      const address = normalAddress(one.channel, one.address);
      if (address === undefined)
        throw new Problem(
          400,
          'invalid',
          `items.${at}.address: is no ${one.channel === 'sms' ? 'number in E.164, like +4915112345678' : 'mail address'}.`,
        );
      return { ...one, address, source: 'import', at: one.at === undefined ? now : new Date(one.at) };
    });
    const added = await this.database.transaction((tx) => this.store.add(tx, entries));
    return { added, known: entries.length - added };
  }

  @Delete('suppressions/:channel/:address')
  @Needs('ops')
  @HttpCode(204)
  @AnswersNothing('Let an address be written to again')
  async remove(@Param('channel') channel: string, @Param('address') text: string): Promise<void> {
    const known = CHANNELS.find((one) => one === channel);
    const address = known && normalAddress(known, text);
    const gone =
      known &&
      address !== undefined &&
      (await this.database.transaction((tx) => this.store.remove(tx, known, address)));
    if (!gone) throw notFound('suppression of', text.slice(0, 40));
  }
}

function cursorOf({ channel, address }: { channel: Channel; address: string }): string {
  return Buffer.from(`${channel} ${address}`).toString('base64url');
}

function afterOf(cursor: string): SuppressionsAfter {
  const [channel = '', address] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ', 2);
  if (address === undefined || address.includes('\0') || !CHANNELS.some((one) => one === channel))
    throw new Problem(400, 'invalid', 'cursor: is not one that this list gave out.');
  return { channel, address };
}

/** A field of a CSV file. What a spreadsheet would take for a formula is made a text; a number in E.164 is none. */
function csv(text: string): string {
  const safe = /^[=@\t\r]|^[+-](?!\d+$)/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
