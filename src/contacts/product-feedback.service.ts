import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';
import { ReportReadModel } from './reports/report.read-model.js';

/** Harm done to customers by an area and a release. */
export interface Hurt {
  /** Slug. */
  readonly project: string;
  readonly area: string | null;
  readonly release: string | null;
  readonly incidents: number;
  /** Customers hit, of each incident anew. */
  readonly customers: number;
  readonly contacts: number;
  /** Of the customers hit, those who use the app less than is usual for them, as of the last hour. */
  readonly lostUse: number;
  /** Customers times severity (1, 3, 9), times 1 plus contacts a customer, times 1 plus the share whose use fell off. */
  readonly score: number;
}

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
