import { type MigrationInterface, type QueryRunner } from 'typeorm';

/*
 * A campaign may go out in steps: first a small share of its customers, then more, and it is paused by a rule when too much of that fails or too many
 * opt out. The share is of the random digits of the messages' ids, so that it needs no count.
 */
const UP = `
ALTER TABLE campaign ADD COLUMN share double precision NOT NULL DEFAULT 1;
ALTER TABLE campaign ADD COLUMN share_at timestamptz;
ALTER TABLE campaign DROP CONSTRAINT campaign_paused_by_check;
ALTER TABLE campaign ADD CONSTRAINT campaign_paused_by_check CHECK (paused_by IN ('person', 'silence', 'provider', 'rule'));
`;

const DOWN = `
UPDATE campaign SET paused_by = 'person' WHERE paused_by = 'rule';
ALTER TABLE campaign DROP CONSTRAINT campaign_paused_by_check;
ALTER TABLE campaign ADD CONSTRAINT campaign_paused_by_check CHECK (paused_by IN ('person', 'silence', 'provider'));
ALTER TABLE campaign DROP COLUMN share_at;
ALTER TABLE campaign DROP COLUMN share;
`;

/** Campaigns that go out in steps and stop by a rule. */
export class Ramp1795442100000 implements MigrationInterface {
  readonly name = 'Ramp1795442100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(UP);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(DOWN);
  }
}
