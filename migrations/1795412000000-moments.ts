import { type MigrationInterface, type QueryRunner } from 'typeorm';

const COUNTS = 'sum(m.events) AS events, sum(m.customers) AS customers, sum(m.arrivals) AS arrivals';
const FROM = 'FROM issue_minute m JOIN cell c ON c.id = m.cell_id JOIN issue i ON i.id = c.issue_id GROUP BY 1, 2';

const UP = `
ALTER TABLE issue_minute ADD moments smallint NOT NULL DEFAULT 0;
CREATE OR REPLACE VIEW series_minute AS SELECT i.root_id AS issue_id, m.minute, ${COUNTS}, bit_or(m.moments) AS moments ${FROM};
`;
const DOWN = `
DROP VIEW series_minute;
ALTER TABLE issue_minute DROP COLUMN moments;
CREATE VIEW series_minute AS SELECT i.root_id AS issue_id, m.minute, ${COUNTS} ${FROM};
`;

/** In which ten seconds of a minute customers arrived: bit n for those from second 10 n on. A script's accounts arrive all at once. */
export class Moments1795412000000 implements MigrationInterface {
  readonly name = 'Moments1795412000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
