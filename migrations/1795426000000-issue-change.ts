import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * A number that grows whenever it changes where fingerprints lead or what people decided about an issue: processes remember places, and one
 * look at it tells whether what they remember still holds. Rows of hits get room beside them for the next version, so that a customer who is
 * hit again costs no index entry.
 */
const UP = `
CREATE TABLE issue_change (count bigint NOT NULL);
INSERT INTO issue_change VALUES (0);
ALTER TABLE issue_customer SET (fillfactor = 75);
`;

const DOWN = `
ALTER TABLE issue_customer RESET (fillfactor);
DROP TABLE issue_change;
`;

/** Changes of issues counted, room in the pages of hits. */
export class IssueChange1795426000000 implements MigrationInterface {
  readonly name = 'IssueChange1795426000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
