import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
CREATE VIEW audience_hit AS
  SELECT a.id AS issue_id, coalesce(u.merged_into, h.customer_id) AS customer_id, greatest(h.last_minute, c.moved_at, u.updated_at) AS changed_at
  FROM issue a JOIN issue i ON i.root_id = a.root_id JOIN cell c ON c.issue_id = i.id JOIN issue_customer h ON h.cell_id = c.id
    LEFT JOIN customer u ON u.id = h.customer_id AND u.merged_into IS NOT NULL;
`;

/** Whom an issue hit, and since when that is known, as audiences ask for it: an issue stands for all that share its root. */
export class Audience1795417000000 implements MigrationInterface {
  readonly name = 'Audience1795417000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP VIEW audience_hit');
  }
}
