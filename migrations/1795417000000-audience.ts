import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE VIEW audience_hit AS
  SELECT a.id AS issue_id, h.customer_id, greatest(h.last_minute, c.moved_at) AS changed_at
  FROM issue a JOIN issue i ON i.root_id = a.root_id JOIN cell c ON c.issue_id = i.id JOIN issue_customer h ON h.cell_id = c.id;
CREATE VIEW series_count AS
  SELECT r.id AS issue_id, r.project_id, r.status, r.level, r.service, r.opened_at AS since, m.minute, m.release, m.events, m.customers, m.arrivals, m.moments
  FROM issue_minute m JOIN cell c ON c.id = m.cell_id JOIN issue i ON i.id = c.issue_id JOIN issue r ON r.id = i.root_id;
`;

/**
 * Whom an issue hit, and since when that is known, as audiences ask for it: an issue stands for all that share its root. And the counts
 * of a minute beside what is asked of their issue, not yet added up, so that no plan compares every sum with every issue.
 */
export class Audience1795417000000 implements MigrationInterface {
  readonly name = 'Audience1795417000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP VIEW audience_hit, series_count');
  }
}
