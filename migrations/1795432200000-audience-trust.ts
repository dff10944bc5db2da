import { type MigrationInterface, type QueryRunner } from 'typeorm';

const VIEW = `CREATE OR REPLACE VIEW audience_hit AS
  SELECT a.id AS issue_id, h.customer_id, greatest(h.last_minute, c.moved_at) AS changed_at`;
const FROM = `FROM issue a JOIN issue i ON i.root_id = a.root_id JOIN cell c ON c.issue_id = i.id JOIN issue_customer h ON h.cell_id = c.id`;

/** Whom an issue hit says how that is known, too: 0 claimed, 1 signed, 2 by a server key. */
export class AudienceTrust1795432200000 implements MigrationInterface {
  readonly name = 'AudienceTrust1795432200000';

  async up(runner: QueryRunner): Promise<void> {
    const trust = `(CASE WHEN h.server_events > 0 THEN 2 WHEN h.signed_events > 0 THEN 1 ELSE 0 END)::smallint AS trust`;
    await runner.query(`${VIEW}, ${trust} ${FROM}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP VIEW audience_hit`);
    await runner.query(`${VIEW} ${FROM}`);
  }
}
