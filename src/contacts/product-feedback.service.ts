import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';
import { type Hurt } from './hurt.js';
import { ReportReadModel } from './reports/report.read-model.js';

/** Says what hurts customers most, so that the cause gets mended. */
@Injectable()
export class ProductFeedback {
  constructor(private readonly reports: ReportReadModel) {}

  /** Lists what hurt customers most in a time, by project, area and release, the worst first; incidents count by when they were opened. */
  async worst(
    sql: Sql,
    time: { readonly from: Date; readonly to: Date },
    limit: number,
    projectId: number | null = null,
  ): Promise<Hurt[]> {
    const rows = await this.reports.hurt(sql, { ...time, incidentId: null }, projectId, limit);
    return rows.map((row) => ({ ...row, score: Number(row.score.toFixed(1)) }));
  }
}
