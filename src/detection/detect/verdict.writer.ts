import { Inject, Injectable } from '@nestjs/common';
import { type Tx } from '../../platform/db/database.js';
import { DETECTION_CONFIG, type DetectionConfig, thresholdsOf } from '../detection-config.js';
import { DetectionStore } from './detection.store.js';
import { type Called, HEARTBEAT, type ProjectWatch } from './project-watch.js';
import { issueOf, leastBehind, partsOf, releaseOf } from '../series.js';
import { SeriesReadModel } from '../read/series.read-model.js';
import { ACTIVE, SESSIONS } from './shares.js';

/** Writes verdicts down, each with its evidence in numbers that people can check. */
@Injectable()
export class VerdictWriter {
  constructor(
    @Inject(DETECTION_CONFIG) private readonly config: DetectionConfig,
    private readonly series: SeriesReadModel,
    private readonly store: DetectionStore,
  ) {}

  /**
   * Writes verdicts and returns their number. A sum behind which are fewer customers than a fault needs is taken back
   * together with its recovery, and does not count.
   */
  async write(tx: Tx, projectId: number, called: readonly Called[], watch: ProjectWatch): Promise<number> {
    let written = 0;
    const refused = new Set<string>();
    for (const one of called) {
      const { series, verdict } = one;
      if (verdict.kind === 'recovered' && refused.delete(series)) continue;
      if (await this.writeOne(tx, projectId, one)) written += 1;
      else {
        watch.takeBack(series, verdict.since);
        refused.add(series);
      }
    }
    return written;
  }

  private async writeOne(tx: Tx, projectId: number, { series, verdict }: Called): Promise<boolean> {
    const { kind, since, at, ...evidence } = verdict;
    const issueId = issueOf(series) ?? null;
    const isSum = issueId === null && (kind === 'spike' || kind === 'slow_burn');
    const about = isSum
      ? await this.whatItAddsUp(tx, projectId, series, new Date(since))
      : { customers: evidence.seen };
    if (isSum && partsOf(series).kind !== SESSIONS && about.customers < leastBehind(series, thresholdsOf(this.config)))
      return false;
    const row = { projectId, issueId, series, kind, since: new Date(since), detectedAt: new Date(at) };
    const release = releaseOf(series);
    const unnamed = series === HEARTBEAT ? {} : about;
    const words = release === null ? evidence.words : `${evidence.words}, release ${release}`;
    await this.store.insert(tx, {
      ...row,
      evidence: { ...evidence, ...unnamed, words, ...(release !== null && { release }) },
    });
    return true;
  }

  /**
   * Finds the issues behind a sum, and their distinct customers: the sum itself counts a customer of two issues twice.
   */
  private async whatItAddsUp(
    tx: Tx,
    projectId: number,
    series: string,
    since: Date,
  ): Promise<{ customers: number; issues: string[]; activeCustomers?: number }> {
    const issues = await this.series.issuesOf(tx, projectId, series, since);
    const customers = await this.series.customersSince(tx, issues, since);
    const active = series === ACTIVE ? { activeCustomers: await this.series.activeSince(tx, projectId, since) } : {};
    return { customers, issues: issues.map(String), ...active };
  }
}
