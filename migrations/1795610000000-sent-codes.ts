import { type MigrationInterface, type QueryRunner } from 'typeorm';

const UP = `
DROP INDEX message_code;

CREATE INDEX message_code ON message (substr(id::text, 25, 10)) WHERE body IS NOT NULL AND state IN ('in_doubt', 'sent', 'delivered');
`;

const DOWN = `
DROP INDEX message_code;

CREATE INDEX message_code ON message (substr(id::text, 25, 10)) WHERE body IS NOT NULL;
`;

/** A message comes into the index of codes once it may have gone out, and is written there once on its way in place of three times. */
export class SentCodes1795610000000 implements MigrationInterface {
  readonly name = 'SentCodes1795610000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
