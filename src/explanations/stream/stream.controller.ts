import { Controller, Get, Headers, Query, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers, AnswersText, count, maybeMoment, moment } from '../../platform/http/answers.js';
import { etagOf, isNamed } from '../../platform/http/etag.js';
import { INCIDENT_STATUSES, SEVERITIES } from '../../incidents/incident.js';
import { Projects } from '../../projects/project.registry.js';
import { askingFields } from '../answers/bot.answers.js';
import { Boards } from '../answers/boards.service.js';
import { Snapshots } from './snapshots.service.js';
import { Streams } from './streams.service.js';

const wantedQuery = z.strictObject({
  project: askingFields.project,
  locale: askingFields.locale.describe('One language; all when left out.'),
});
const streamQuery = wantedQuery.extend({
  after: z
    .string()
    .max(40)
    .optional()
    .describe('Place from which to go on, for programs that cannot send `Last-Event-ID`.'),
});

const textAnswer = z.object({
  areaName: z.string().nullable(),
  reviewState: z.enum(['draft', 'approved']),
  version: count,
  title: z.string(),
  body: z.string(),
  ifTitle: z.string().describe('For those of whom nobody knows that it hit them.'),
  ifBody: z.string(),
  workaround: z.string().nullable(),
  nextUpdate: z.string().nullable(),
});
const snapshotAnswer = z.object({
  version: z.string().describe('Place in the stream: give it as `Last-Event-ID` to go on from here.'),
  items: z.array(
    z
      .object({
        incidentId: z.string(),
        project: z.string(),
        area: z.string().nullable(),
        severity: z.enum(SEVERITIES),
        status: z.enum(INCIDENT_STATUSES),
        since: moment,
        state: z.enum(['active', 'fixed']),
        fixedAt: maybeMoment,
        nextUpdateAt: maybeMoment,
        texts: z.record(z.string(), textAnswer),
        updates: z.array(z.object({ at: moment, texts: z.record(z.string(), z.string()) })),
      })
      .meta({ id: 'BotSnapshotItem' }),
  ),
});

/** `GET /v1/bot/snapshot` and `GET /v1/bot/stream`: what bots keep, and how they stay current. */
@Controller('v1/bot')
export class StreamController {
  constructor(
    private readonly boards: Boards,
    private readonly snapshots: Snapshots,
    private readonly streams: Streams,
    private readonly projects: Projects,
  ) {}

  @Get('snapshot')
  @Needs('bot')
  @OfProject('query')
  @Answers('Give all that bots may tell, whoever asks them', snapshotAnswer)
  async snapshot(
    @Query({ schema: wantedQuery }) wanted: z.output<typeof wantedQuery>,
    @Headers('if-none-match') ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer<typeof snapshotAnswer>> {
    const board = await this.boards.now();
    const items = this.snapshots.entries(board, wanted).map((entry) => this.snapshots.item(entry, wanted));
    const etag = etagOf(board.version, items);
    void reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'authorization' });
    if (isNamed(etag, ifNoneMatch)) {
      void reply.status(304);
      return undefined as never;
    }
    return { version: String(board.version), items };
  }

  @Get('stream')
  @Needs('bot')
  @OfProject('query')
  @AnswersText('Tell what changes for bots, as server-sent events', 'text/event-stream')
  stream(
    @Query({ schema: streamQuery }) { after, ...wanted }: z.output<typeof streamQuery>,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): string {
    const place = placeOf(lastEventId ?? after);
    this.projects.named(wanted.project);
    this.streams.assertRoom();
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'x-request-id': reply.request.id,
    });
    reply.raw.write('retry: 1000\n\n');
    this.streams.follow(reply.raw, wanted, place);
    return undefined as never;
  }
}

/** @throws Problem 400 for what is no place */
function placeOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new Problem(400, 'invalid', 'Last-Event-ID: is not one that this stream gave.');
}
