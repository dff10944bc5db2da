import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { cursorId, type Page, pageOf, pageQuery } from '../../platform/http/page.js';
import { type AuditRow, AuditStore } from './audit.store.js';

const listQuery = pageQuery.extend({ caller: z.string().max(200).optional() });

/** `GET /v1/audit`: who changed what, and who was refused what. */
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly store: AuditStore,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('admin')
  async list(@Query({ schema: listQuery }) query: z.output<typeof listQuery>): Promise<Page<unknown>> {
    const rows = await this.store.list(this.database, cursorId(query.cursor), query.limit + 1, query.caller);
    return pageOf(rows, query.limit, ({ id }) => id, shape);
  }
}

function shape({ id, at, ...entry }: AuditRow): unknown {
  return { id: String(id), at: at.toISOString(), ...entry };
}
