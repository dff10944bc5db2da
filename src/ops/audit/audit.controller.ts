import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, count, moment, pageAnswer } from '../../platform/http/answers.js';
import { cursorId, pageOf, pageQuery } from '../../platform/http/page.js';
import { type AuditRow, AuditStore } from './audit.store.js';

const listQuery = pageQuery.extend({ caller: z.string().max(200).optional() });

const entryAnswer = z
  .object({
    id: z.string(),
    at: moment,
    caller: z.string().nullable().describe('Name of the token; null for nobody known.'),
    role: z.string().nullable(),
    method: z.string(),
    route: z.string(),
    params: z
      .record(z.string(), z.string())
      .describe('What stood in the places of the route; ids of customers are hashed.'),
    status: z.int(),
    count,
    request: z.string().describe('Id of the request, the first of several.'),
  })
  .meta({ id: 'AuditEntry' });
const auditPage = pageAnswer(entryAnswer);

/** `GET /v1/audit`: who changed what, and who was refused what. */
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly store: AuditStore,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('admin')
  @Answers('List who changed what and who was refused what, newest first', auditPage)
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Answer<typeof auditPage>> {
    const rows = await this.store.list(this.database, cursorId(query.cursor), query.limit + 1, query.caller);
    return pageOf(rows, query.limit, ({ id }) => id, shape);
  }
}

function shape({ id, ...entry }: AuditRow) {
  return { id: String(id), ...entry };
}
