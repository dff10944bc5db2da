import { type MigrationInterface, type QueryRunner } from 'typeorm';

/* Of the events that ended in this outcome, those that named no customer. */
const UP = 'ALTER TABLE intake_outcome ADD COLUMN nobody bigint NOT NULL DEFAULT 0';
const DOWN = 'ALTER TABLE intake_outcome DROP COLUMN nobody';

/** Counts of events that name no customer. */
export class Nobody1795440100000 implements MigrationInterface {
  readonly name = 'Nobody1795440100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
